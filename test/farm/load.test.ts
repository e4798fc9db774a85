import { describe, expect, test } from 'vitest'
import { loadFarm } from '../../src/farm/load.ts'

const head = `nas: { address: 10.77.0.1, interface: eth0 }
network:
  subnet: 10.77.0.0/24
  addresses: 10.77.0.50-10.77.0.99
`
const pi = (name: string, n: number, more = '') =>
  `  - name: ${name}\n    mac: b8:27:eb:00:00:0${n}\n    address: 10.77.0.5${n}\n    muxid: ${n}\n${more}`

function problems(text: string): string {
  try {
    loadFarm(text, 'farm.yaml')
  } catch (error) {
    return error instanceof Error && error.name === 'UserError' ? error.message : `bug: ${error}`
  }
  return 'no problem'
}

describe('text that YAML takes for something else', () => {
  test.each([
    ['serial', '01077412', '01077412'],
    ['serial', '33333470', '33333470'],
    ['serial', '1e234567', '1e234567'],
    ['serial', '0x1234567', '01234567'],
    ['serial', '00000000a1b2c3d4', 'a1b2c3d4'],
    ['serial', "'33333470' # quoted", '33333470'],
    ['model', '4', '4'],
    ['model', '400', '400'],
    ['decode_mpg2', '0x12345678', '0x12345678'],
    ['template', '2024', '2024'],
  ])('%s: %s is read as it is written', (key, written, read) => {
    const farm = loadFarm(`${head}pis:\n${pi('A', 1, `    ${key}: ${written}\n`)}`, 'farm.yaml')
    expect(farm.pis[0]).toHaveProperty(key, read)
  })

  test('a MAC of digits is no number to the base of 60', () => {
    const text = `%YAML 1.1\n---\n${head}pis:\n${pi('A', 1)}`.replace(
      /mac: .*/,
      'mac: 12:34:56:12:34:56',
    )
    expect(loadFarm(text, 'farm.yaml').pis[0]?.mac).toBe('12:34:56:12:34:56')
  })
})

test.each([
  ['an empty file', '', 'farm.yaml is empty'],
  ['a file of comments', '# pis\n', 'farm.yaml is empty'],
  ['a list', '- a\n', 'farm.yaml:1:1  "- a": must be a map of settings'],
  ['a tab', 'nas:\n\t- x\n', 'farm.yaml:2:1  tabs are not allowed as indentation'],
  [
    'tabs that make two keys of one name',
    'a:\n\tb:\n\t\tc: 1\n\t\td: [1]\n\te:\n\t\tc: 1\n\t\td: [1]\nb:\n  f: 1\nb:\n  f: 2\n',
    'farm.yaml:2:1  tabs are not allowed as indentation',
  ],
  [
    'an open bracket, which makes nonsense of every line below it',
    `${head}pis: {\n${pi('A', 1)}`,
    'farm.yaml:6:11  nested mappings are not allowed in compact mappings',
  ],
  ['a key that is set twice', `${head}nas: 1\n`, 'farm.yaml:5:1  "nas" is set twice'],
  ['an open quote', 'nas: "abc\n', 'farm.yaml:2:1  missing closing "quote'],
  [
    'two documents',
    `${head}---\na: 1\n`,
    'farm.yaml:5:1  only one YAML document may stand in the file',
  ],
  [
    'a misspelt key',
    `${head}pis:\n${pi('A', 1, '    seril: 1\n')}`,
    'farm.yaml:10:5  unknown setting "pis.0.seril", did you mean serial?',
  ],
  [
    'a misspelt section',
    `${head}frewall: {}\n`,
    'farm.yaml:5:1  unknown setting "frewall", did you mean firewall?',
  ],
  [
    'a misspelt key within',
    `${head}services:\n  dhcp: {restrat: [a]}\n`,
    'farm.yaml:6:10  unknown setting "services.dhcp.restrat", did you mean restart?',
  ],
  ['a key like no other', `${head}zzzz: 1\n`, 'farm.yaml:5:1  unknown setting "zzzz"'],
  [
    'a key of control characters',
    `${head}"\\e[31m": 1\n`,
    'farm.yaml:5:1  unknown setting "\\u001b[31m"',
  ],
  [
    'a missing setting',
    `${head}pis:\n  - name: A\n    mac: b8:27:eb:00:00:01\n    muxid: 1\n`,
    'farm.yaml:6:5  pis.0.address: is missing',
  ],
  [
    'a wrong serial',
    `${head}pis:\n${pi('A', 1, '    serial: 3333347g\n')}`,
    'farm.yaml:10:13  pis.0.serial: "3333347g": a serial is 8 hex digits, or the 16 that /proc/cpuinfo shows',
  ],
  [
    'a name with a newline',
    `${head}pis:\n${pi('"A\\nB"', 1)}`,
    'farm.yaml:6:11  pis.0.name: "A\\nB": a host name is 1 to 63 letters, digits and inner hyphens',
  ],
  [
    'a wrong type',
    `${head}pis:\n${pi('A', 1).replace('muxid: 1', 'muxid: one')}`,
    'farm.yaml:9:12  pis.0.muxid: "one": must be a number',
  ],
  [
    'a value out of its bounds',
    `${head}defaults: {gpu_mem: 3}\n`,
    'farm.yaml:5:21  defaults.gpu_mem: "3": must be at least 16',
  ],
  [
    'none of the choices',
    `${head}defaults: {model: 3c}\n`,
    'farm.yaml:5:19  defaults.model: "3c": must be one of 3b, 3b+, 4, 400, 5, cm4',
  ],
  ['an empty entry', `${head}pis:\n  -\n`, 'farm.yaml:6:4  pis.0: "": must be a map of settings'],
  [
    'a bad subnet',
    head.replace('10.77.0.0/24', 'x'),
    'farm.yaml:3:11  network.subnet: "x": a subnet is an address and a prefix length such as 10.77.0.0/24',
  ],
  [
    'an alias to nothing',
    `${head}pis: *x\n`,
    'farm.yaml:1:1  unresolved alias (the anchor must be set before the alias): x',
  ],
])('%s is refused with its place', (_, text, message) => {
  expect(problems(text)).toBe(message)
})

test('every problem has a line of its own', () => {
  const text = `${head}defaults: {gpu_mem: 3}\nxyz: 1\npis:\n${pi('A', 1).replace('10.77', '10')}`
  expect(problems(text).split('\n')).toHaveLength(3)
})

test('a few lines of aliases do not grow into gigabytes', () => {
  const rows = [...'bcdefghij'].map((name, i) => {
    const above = String.fromCharCode(name.charCodeAt(0) - 1)
    return `${name}: &${name} [${Array(9)
      .fill(i === 0 ? '*a' : `*${above}`)
      .join(', ')}]`
  })
  expect(problems(`a: &a [lol]\n${rows.join('\n')}\n`)).toContain('excessive alias count')
})

test('a list that has been emptied by hand is an empty farm', () => {
  expect(loadFarm(`${head}pis:\n`, 'farm.yaml').pis).toEqual([])
})

describe('cross-checks', () => {
  const two = (key: string, value: string, first = value) => {
    const write = (text: string, to: string) =>
      text.includes(`${key}: `)
        ? text.replace(new RegExp(`${key}: .*`), `${key}: ${to}`)
        : `${text}    ${key}: ${to}\n`
    return `${head}pis:\n${write(pi('A', 1), first)}${write(pi('B', 2), value)}`
  }

  test.each([
    [
      'name',
      'hlspi1',
      'HLSPi1',
      'farm.yaml:10:11  pis.1.name: "hlspi1" is already the name of HLSPi1 (farm.yaml:6)',
    ],
    [
      'mac',
      'B8-27-EB-00-00-09',
      'b8:27:eb:00:00:09',
      'farm.yaml:11:10  pis.1.mac: "b8:27:eb:00:00:09" is already the mac of A (farm.yaml:7)',
    ],
    [
      'address',
      '10.77.0.60',
      '10.77.0.60',
      'farm.yaml:12:14  pis.1.address: "10.77.0.60" is already the address of A (farm.yaml:8)',
    ],
    [
      'muxid',
      '7',
      '7',
      'farm.yaml:13:12  pis.1.muxid: "7" is already the muxid of A (farm.yaml:9)',
    ],
    [
      'serial',
      '1077412',
      '01077412',
      'farm.yaml:15:13  pis.1.serial: "01077412" is already the serial of A (farm.yaml:10)',
    ],
  ])('two Pis of one %s', (key, value, first, message) => {
    expect(problems(two(key, value, first))).toBe(message)
  })

  test.each([
    ['address: 10.77.1.5', '"10.77.1.5" is not in the subnet 10.77.0.0/24'],
    ['address: 10.77.0.0', '"10.77.0.0" is the address of the subnet itself'],
    ['address: 10.77.0.255', '"10.77.0.255" is the broadcast address of 10.77.0.0/24'],
    ['address: 10.77.0.1', '"10.77.0.1" is the NAS itself'],
    ['address: 10.77.0.254', '"10.77.0.254" is the gateway'],
  ])('a Pi with %s', (address, message) => {
    const text = `${head}  gateway: 10.77.0.254\npis:\n${pi('A', 1).replace(/address: .*/, address)}`
    expect(problems(text)).toBe(`farm.yaml:9:14  pis.0.address: ${message}`)
  })

  test.each([
    [
      'address: 10.77.0.1,',
      'address: 10.1.0.1,',
      '1:17  nas.address: "10.1.0.1" is not in the subnet',
    ],
    [
      '0.50-10.77.0.99',
      '0.99-10.77.0.50',
      '4:14  network.addresses: the range "10.77.0.99-10.77.0.50" ends',
    ],
    ['0.99', '9.99', '4:14  network.addresses: "10.77.9.99" is not in the subnet'],
  ])('%s is not %s', (from, to, message) => {
    expect(problems(head.replace(from, to))).toContain(`farm.yaml:${message}`)
  })

  test('a Pi cannot be named as a template, since both are directories side by side', () => {
    expect(problems(`${head}pis:\n${pi('template', 1)}`)).toContain('is the name of a template')
    expect(problems(`${head}pis:\n${pi('A', 1, '    template: B\n')}${pi('B', 2)}`)).toContain(
      'pis.1.name: "B" is the name of a template',
    )
  })

  test.each([
    ['tls_cert: /etc/c.pem', '6:13  controller.tls_cert: needs tls_key beside it'],
    ['tls_key: /etc/k.pem', '6:12  controller.tls_key: needs tls_cert beside it'],
    [
      'watch_folder: /srv/in',
      '6:17  controller.watch_folder: "/srv/in" is not below controller.media, /srv/media',
    ],
    [
      'watch_folder: /srv/media-in',
      '6:17  controller.watch_folder: "/srv/media-in" is not below controller.media, /srv/media',
    ],
  ])('a controller with %s', (line, message) => {
    expect(problems(`${head}controller:\n  ${line}\n`)).toBe(`farm.yaml:${message}`)
  })

  test('a controller with a watch folder, a certificate and its key', () => {
    const lines = ['watch_folder: /srv/media/in', 'tls_cert: /etc/c.pem', 'tls_key: /etc/k.pem']
    const text = `${head}controller:\n${lines.map((line) => `  ${line}\n`).join('')}`
    expect(loadFarm(text, 'farm.yaml').controller.watch_folder).toBe('/srv/media/in')
  })
})
