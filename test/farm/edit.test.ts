import { describe, expect, it, test } from 'vitest'
import { parse } from 'yaml'
import { addPi, removePi, setPi } from '../../src/farm/edit.ts'
import { readFarmText } from '../../src/farm/farm-text.ts'
import { farmFrom } from '../../src/farm/load.ts'

const a = '- name: A\n    mac: "b8:27:eb:00:00:01" # on the desk\n    serial: 01077412'
const b = "- name: 'B'\n    muxid:   2"
const pi = {
  name: 'New',
  mac: '12:34:56:12:34:56',
  serial: '33333470',
  address: '10.77.0.12',
  muxid: 3,
  muxhwdec: true,
  root_options: 'vers=3,tcp',
}

function read(text: string) {
  return readFarmText(text, 'farm.yaml')
}

/** Every layout has to survive: adding and removing gives back the very bytes. */
const layouts: Record<string, string> = {
  'no list': 'nas: {address: 10.77.0.1}\n',
  'no list, no final newline': 'nas: {address: 10.77.0.1}',
  'no list, comments at the end': 'nas: 1\n\n# the end\n\n',
  'an empty list': '# top\npis: []\n',
  'an empty list, comment behind': 'pis: [] # none yet\nnas: 1\n',
  'an empty list, a blank line below': 'pis: []\n\nnas: 1\n',
  'an empty list at the very end': 'nas: 1\npis: []',
  'an empty list, comments below': 'pis: []\n    # deep\n  # less\n# top\nnas: 1\n',
  'one Pi': `pis:\n  ${a}\n`,
  'one Pi, no final newline': `pis:\n  ${a}`,
  'one Pi, something below': `pis:\n  ${a}\n\nnas:   {a: 1}\n`,
  'two Pis': `pis:\n  ${a}\n  ${b}\n`,
  'two Pis with a blank line between': `pis:\n  ${a}\n\n  ${b}\n\nnas: 1\n`,
  'two Pis with blank lines of blanks': `pis:\n  ${a}\n   \n  ${b}\n`,
  'a heading over each': `pis:\n  # first\n  ${a}\n\n  # second\n  ${b}\n\n  # third?\n`,
  'comments inside the last': `pis:\n  ${a}\n  ${b}\n    # not yet\n\n    # nor that\n  # other\n`,
  'not indented': 'pis:\n- name: A\n  muxid: 1\n- name: B\nnas: 1\n',
  'deeply indented': 'pis:\n      -   name: A\n          muxid: 1\nnas: 1\n',
  'an empty value at the end':
    'pis:\n  - name: A\n    serial:   # unknown\n    # deep\n  # c\nnas: 1\n',
  'a block text at the end':
    'pis:\n  - name: A\n    cmdline_extra: >-\n      a\n      b\n\n\n# c\n',
  CRLF: `# x\r\npis:\r\n  - name: A\r\n    muxid: 1\r\n\r\n  - name: B # c\r\n\r\nnas: 1\r\n`,
  'CRLF, no final newline': 'pis:\r\n  - name: A\r\n    muxid: 1',
  'entries in braces': 'pis:\n  - {name: A, muxid: 1}\n  - { name: B } # c\n',
  'a list in brackets': 'pis: [{name: A, muxid: 1}, {name: B}] # c\nnas: 1\n',
  'a list in brackets, a line each': 'pis: [\n  {name: A}, # first\n  {name: B},\n]\n',
  'empty brackets with a blank': 'pis: [ ]\n',
  JSON: '{"nas": 1, "pis": [\n  {"name": "A", "serial": "01"}\n]}\n',
  'JSON, empty list': '{"pis": [], "nas": 1}\n',
  'a start mark': '---\npis:\n  - name: A\n',
  'a comment on the dash': 'pis:\n  - # the first\n    name: A\n  -\n    name: B\n',
  'an anchor': 'pis:\n  - &one\n    name: A\n    template: &t x\n  - name: B\n    template: *t\n',
}

describe.each(Object.entries(layouts))('in a farm.yaml with %s', (_, text) => {
  it('adding a Pi writes its data and keeps every other line', () => {
    const added = addPi(read(text), pi)

    expect(added.data).toEqual({ ...(read(text).data as Data), pis: [...pisOf(text), pi] })
    expect(parse(added.text).pis.at(-1)).toEqual(pi)
    for (const line of text.split('\n')) {
      if (!line.includes('[') && !/^\s*["{}\]]/.test(line)) expect(added.text).toContain(line)
    }
  })

  it('removing the Pi again gives back the bytes', () => {
    expect(removePi(addPi(read(text), pi), 'New').text).toBe(text)
  })

  it('three Pis come and go in any order', () => {
    for (const order of ['123', '132', '213', '231', '312', '321']) {
      let source = read(text)
      for (const name of ['N1', 'N2', 'N3']) source = addPi(source, { ...pi, name })
      for (const digit of order) source = removePi(source, `N${digit}`)
      expect(source.text).toBe(text)
    }
  })

  it('a setting comes, changes and goes on every Pi', () => {
    const start = addPi(read(text), pi)
    for (const { name } of pisOf(start.text)) {
      const set = setPi(start, name, { gpu_mem: 256, decode_mpg2: '0x12345678' })
      const changed = setPi(set, name, { gpu_mem: 128, decode_mpg2: '0x00000001' })
      expect(pisOf(changed.text).find((one) => one.name === name)).toMatchObject({
        gpu_mem: 128,
        decode_mpg2: '0x00000001',
      })
      expect(setPi(changed, name, { gpu_mem: undefined, decode_mpg2: undefined }).text).toBe(
        start.text,
      )
    }
  })

  it('the Pis that were there can be removed one by one', () => {
    let source = read(text)
    for (const { name } of pisOf(text)) {
      if (text.includes('&t')) return
      source = removePi(source, name)
    }
    expect(pisOf(source.text)).toEqual([])
    for (const line of text.split('\n').filter((line) => /^ {0,2}#/.test(line))) {
      expect(source.text).toContain(line)
    }
    expect(pisOf(addPi(source, pi).text)).toEqual([pi])
  })
})

test('an entry is written plainly, quoted only where YAML would misread it', () => {
  expect(addPi(read('pis: []\n'), pi).text).toBe(
    [
      'pis:',
      '  - name: New',
      '    mac: "12:34:56:12:34:56"',
      '    serial: "33333470"',
      '    address: 10.77.0.12',
      '    muxid: 3',
      '    muxhwdec: true',
      '    root_options: vers=3,tcp',
      '',
    ].join('\n'),
  )
})

test('a changed value leaves its comment, its blanks and its quotes', () => {
  const text = `pis:\n  ${a}\n  ${b}\n`

  const changed = setPi(setPi(read(text), 'A', { mac: 'b8:27:eb:00:00:09' }), 'B', { muxid: 9 })

  expect(changed.text).toBe(
    text.replace('00:00:01', '00:00:09').replace('muxid:   2', 'muxid:   9'),
  )
})

test('setting what is already so returns the same text', () => {
  const source = read(`pis:\n  ${a}\n`)
  expect(setPi(source, 'A', { serial: '01077412', gpu_mem: undefined })).toBe(source)
})

test('an empty value is filled in before its comment', () => {
  const text = 'pis:\n  - name: A\n    serial:   # unknown\n    muxid: 1\n'
  expect(setPi(read(text), 'A', { serial: '0a000001' }).text).toBe(
    text.replace('serial:', 'serial: 0a000001'),
  )
})

test('settings go and come in one edit, also at the end of a file without a newline', () => {
  const text = 'pis:\n  - serial: 0a\n    name: A\n    muxid: 1\n    gpu_mem: 2\n    model: 4'
  const edited = setPi(read(text), 'A', {
    serial: undefined,
    gpu_mem: undefined,
    model: undefined,
    name: 'Z',
    template: 't',
  })
  expect(edited.data).toEqual({ pis: [{ name: 'Z', muxid: 1, template: 't' }] })
})

test('a middle Pi takes one blank line and the comments inside it along, not those above', () => {
  const text = 'pis:\n  - name: A\n\n  # shelf\n  - name: B\n    # slow\n\n  - name: C\n'
  expect(removePi(read(text), 'B').text).toBe('pis:\n  - name: A\n\n  # shelf\n\n  - name: C\n')
  expect(removePi(read(text), 'A').text).toBe(
    'pis:\n\n  # shelf\n  - name: B\n    # slow\n\n  - name: C\n',
  )
})

test('a name that no Pi has is refused', () => {
  expect(() => removePi(read('pis: []\n'), 'X\n')).toThrow('no Pi is named "X\\n" in farm.yaml')
})

test('Pis written as aliases are left to the person', () => {
  const text = 'x: &x\n  name: A\npis:\n  - *x\n'
  expect(() => setPi(read(text), 'A', { muxid: 1 })).toThrow('by aliases')
})

test('a change that an alias would carry elsewhere is not made', () => {
  const text = 'pis:\n  - name: A\n    template: &t x\n  - name: B\n    template: *t\n'
  expect(() => setPi(read(text), 'A', { template: 'y' })).toThrow('not give what was wanted')
})

interface Data {
  readonly pis?: readonly { readonly name: string }[] | null
}

function pisOf(text: string): readonly { readonly name: string }[] {
  return (read(text).data as Data).pis ?? []
}

describe('a farm of many Pis', () => {
  const pi = (n: number) =>
    `  # the ${n}th\n  - name: pi${n}\n    mac: b8:27:eb:00:00:${n.toString(16).padStart(2, '0')}\n    address: 10.77.0.${n}\n    muxid: ${n}\n`
  const head = `nas: { address: 10.77.0.254, interface: eth0 }\nnetwork: { subnet: 10.77.0.0/24, addresses: 10.77.0.1-10.77.0.200 }\npis:\n`
  const text = head + Array.from({ length: 60 }, (_, index) => pi(index + 1)).join('')
  const added = { name: 'pi99', mac: 'b8:27:eb:00:00:99', address: '10.77.0.99', muxid: 99 }

  test('an edit at its end gives the same text and data as reading all of it', () => {
    const edited = addPi(readFarmText(text, 'farm.yaml'), added)
    expect(edited.text.startsWith(text)).toBe(true)
    expect(edited.data).toEqual(readFarmText(edited.text, 'farm.yaml').data)
    expect(farmFrom(edited).pis).toHaveLength(61)
    expect(removePi(edited, 'pi99').text).toBe(text)
  })

  test('a mistake is still pointed at with its line', () => {
    const twice = addPi(readFarmText(text, 'farm.yaml'), { ...added, muxid: 7 })
    expect(() => farmFrom(twice)).toThrow(/^farm.yaml:307:/)
  })

  test.each(['pi2', 'pi30', 'pi60'])('%s is changed and removed alone', (name) => {
    const source = readFarmText(text, 'farm.yaml')
    const set = setPi(source, name, { muxid: 500 })
    expect(set.data).toEqual(readFarmText(set.text, 'farm.yaml').data)
    expect(farmFrom(set).pis.filter(({ muxid }) => muxid === 500)).toHaveLength(1)
    const removed = removePi(source, name)
    expect(removed.data).toEqual(readFarmText(removed.text, 'farm.yaml').data)
    expect(farmFrom(removed).pis.map((one) => one.name)).not.toContain(name)
  })
})
