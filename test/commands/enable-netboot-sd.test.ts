import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { localHost } from '../../src/host/local.ts'
import { fillCard, makeCardImage, readCard, type Table } from '../support/card-image.ts'
import { pifarmHere } from '../support/pifarm-here.ts'
import { releaseConfigs } from '../support/release-configs.ts'

const line = 'program_usb_boot_mode=1'
/** With a letter that is no UTF-8, and no newline at the end. */
const config = '# caf\xe9\r\ngpu_mem=16\r\n[pi4]\r\narm_boost=1'

let dir = ''

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-sd-test-'))
})

afterEach(() => {
  rmSync(dir, { recursive: true })
})

function enable(...words: readonly string[]) {
  return pifarmHere(['enable-netboot-sd', ...words])
}

describe('a mounted card', () => {
  const boot = () => join(dir, 'boot/firmware')
  const file = () => join(boot(), 'config.txt')

  beforeEach(() => {
    mkdirSync(boot(), { recursive: true })
    writeFileSync(file(), config, 'latin1')
  })

  test('gets the line, once, and gives its bytes back', async () => {
    expect((await enable('--boot-dir', dir, '--yes')).code).toBe(0)
    expect(readFileSync(file(), 'latin1')).toBe(`${line}\r\n${config}`)
    const again = await enable('--boot-dir', dir, '--yes')
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing was changed') })
    expect(readFileSync(file(), 'latin1')).toBe(`${line}\r\n${config}`)
    expect((await enable('--boot-dir', dir, '--remove')).code).toBe(0)
    expect(readFileSync(file(), 'latin1')).toBe(config)
    expect(readdirSync(boot())).toEqual(['config.txt'])
  })

  test('is not touched when the person says no; they were told what it means', async () => {
    const argv = ['enable-netboot-sd', '--boot-dir', dir]
    const { code, stderr } = await pifarmHere(argv, { answers: [false] })
    expect(code).toBe(7)
    expect(stderr).toContain('The fuse is permanent')
    expect(stderr).toContain('Every Pi 2B v1.2, 3B, 3A+ and CM3 that this card is put into')
    expect(readFileSync(file(), 'latin1')).toBe(config)
  })

  test('that hands over to another partition is warned of', async () => {
    writeFileSync(join(boot(), 'autoboot.txt'), '[all]\nboot_partition=2\n')
    const { stderr } = await enable('--boot-dir', dir, '--yes')
    expect(stderr).toContain('autoboot.txt')
  })

  test('already so: nothing is asked', async () => {
    writeFileSync(file(), `${line}\n`)
    expect((await enable('--boot-dir', dir)).questions).toEqual([])
  })
})

test.each(Object.entries(releaseConfigs))(
  'the config.txt of %s, in an image and in a directory, differs by that one line',
  async (_, text) => {
    const image = makeCardImage(dir, 'mbr', { 'config.txt': text, 'start.elf': 'elf' })
    mkdirSync(join(dir, 'boot'))
    writeFileSync(join(dir, 'boot/config.txt'), text)
    const ways = [
      ['--image', image],
      ['--boot-dir', join(dir, 'boot')],
    ]
    const now = () => [
      readCard(image, 'mbr', 'config.txt'),
      readFileSync(join(dir, 'boot/config.txt'), 'utf8'),
    ]
    for (const more of ['--yes', '--yes', '--remove']) {
      for (const way of ways) expect(await enable(...way, more)).toMatchObject({ code: 0 })
      const whole = more === '--remove' ? text : `${line}\n${text}`
      expect(now()).toEqual([whole, whole])
    }
  },
)

describe.each(['mbr', 'gpt', 'none'] as const)('an image (%s)', (table: Table) => {
  test('gets the line, once, and gives its bytes back; nothing else in it changes', async () => {
    const image = makeCardImage(dir, table, { 'config.txt': config, 'start.elf': 'elf' })
    const others = readdirSync(dir).sort()
    expect(await enable('--image', image, '--yes')).toMatchObject({ code: 0, error: '' })
    expect(readCard(image, table, 'config.txt')).toBe(`${line}\r\n${config}`)
    const sum = sumOf(image)
    expect((await enable('--image', image, '--yes')).code).toBe(0)
    expect(sumOf(image)).toBe(sum)
    expect((await enable('--image', image, '--remove')).code).toBe(0)
    expect(readCard(image, table, 'config.txt')).toBe(config)
    expect(readCard(image, table, 'start.elf')).toBe('elf')
    expect(readdirSync(dir).sort()).toEqual(others)
  })
})

test.each(['a$(touch pwned).img', 'b`touch pwned`.img', 'c*.img', 'd\\b.img', 'e@@1024.img'])(
  'an image named %j is changed, and its name is read by no shell',
  async (name) => {
    const image = join(dir, name)
    renameSync(makeCardImage(dir, 'mbr', { 'config.txt': config, 'start.elf': 'elf' }), image)
    expect(await enable('--image', image, '--yes')).toMatchObject({ code: 0, error: '' })
    renameSync(image, join(dir, 'card.img'))
    expect(readCard(join(dir, 'card.img'), 'mbr', 'config.txt')).toBe(`${line}\r\n${config}`)
    expect(readdirSync(dir)).not.toContain('pwned')
    expect(readdirSync('.')).not.toContain('pwned')
  },
)

test('an image whose name ends with a space is not taken for the one without it', async () => {
  const image = makeCardImage(dir, 'none', { 'config.txt': config, 'start.elf': 'elf' })
  const spaced = `${image} `
  execFileSync('cp', [image, spaced])
  expect((await enable('--image', spaced, '--yes')).code).toBe(0)
  expect(readCard(image, 'none', 'config.txt')).toBe(config)
  expect(readCard(spaced, 'none', 'config.txt')).toBe(`${line}\r\n${config}`)
})

test('a link at the name that a copy might take is not followed', async () => {
  const image = makeCardImage(dir, 'mbr', { 'config.txt': config, 'start.elf': 'elf' })
  const victim = join(dir, 'victim')
  writeFileSync(victim, 'precious')
  symlinkSync(victim, join(dir, `.${basename(image)}.pifarm-new`))
  expect((await enable('--image', image, '--yes')).code).toBe(0)
  expect(readFileSync(victim, 'utf8')).toBe('precious')
  expect(readCard(image, 'mbr', 'config.txt')).toBe(`${line}\r\n${config}`)
})

test('a Config.txt is the file that gets the line', async () => {
  const image = makeCardImage(dir, 'mbr', { 'Config.txt': config, 'start.elf': 'elf' })
  expect((await enable('--image', image, '--yes')).code).toBe(0)
  expect(readCard(image, 'mbr', 'config.txt')).toBe(`${line}\r\n${config}`)
})

test('an image without room for the line stays as it is', async () => {
  const cluster = '#'.repeat(512)
  const image = makeCardImage(dir, 'mbr', { 'config.txt': cluster, 'start.elf': 'elf' })
  fillCard(image, 'mbr', join(dir, 'filler'))
  const [sum, others] = [sumOf(image), readdirSync(dir).sort()]
  const { code, error } = await enable('--image', image, '--yes')
  expect({ code, error }).toEqual({ code: 3, error: 'the card has no room for one more file' })
  expect(sumOf(image)).toBe(sum)
  expect(readdirSync(dir).sort()).toEqual(others)
})

test.each([12, 16, 32] as const)('a card of FAT%i without a partition table', async (bits) => {
  const image = superfloppy(bits)
  execFileSync('mcopy', ['-i', image, write('config.txt', config), '::config.txt'])
  expect(await enable('--image', image, '--yes')).toMatchObject({ code: 0, error: '' })
  expect(readCard(image, 'none', 'config.txt')).toBe(`${line}\r\n${config}`)
  expect((await enable('--image', image, '--remove')).code).toBe(0)
  expect(readCard(image, 'none', 'config.txt')).toBe(config)
})

test('a card without config.txt gets one, and is without again', async () => {
  const image = superfloppy(16)
  expect((await enable('--image', image, '--yes')).code).toBe(0)
  expect(readCard(image, 'none', 'config.txt')).toBe(`${line}\n`)
  expect((await enable('--image', image, '--remove')).code).toBe(0)
  expect(execFileSync('mdir', ['-b', '-i', image, '::'], { encoding: 'utf8' })).toBe(
    '::/start.elf\n',
  )
})

test('an image by a link: the file itself is changed, the link stays', async () => {
  const link = join(dir, 'link.img')
  const image = superfloppy(16)
  symlinkSync(image, link)
  expect((await enable('--image', link, '--yes')).code).toBe(0)
  expect(readCard(image, 'none', 'config.txt')).toBe(`${line}\n`)
  expect(readlinkSync(link)).toBe(image)
})

/** A FAT that fills the whole of an image, with a start.elf on it. */
function superfloppy(bits: 12 | 16 | 32): string {
  const image = join(dir, 'whole.img')
  const megabytes = { 12: '4M', 16: '20M', 32: '40M' }[bits]
  execFileSync('truncate', ['-s', megabytes, image])
  execFileSync('mkfs.vfat', ['-F', String(bits), image], { stdio: 'ignore' })
  execFileSync('mcopy', ['-i', image, write('start.elf', 'elf'), '::start.elf'])
  return image
}

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text, 'latin1')
  return join(dir, name)
}

test('an empty config.txt is a person’s own: it is empty again', async () => {
  const image = makeCardImage(dir, 'mbr', { 'config.txt': '', 'start.elf': 'elf' })
  const boot = join(dir, 'boot')
  mkdirSync(boot)
  const file = write('boot/config.txt', '')
  const ways = [
    ['--image', image],
    ['--boot-dir', boot],
  ]
  for (const way of ways) expect(await enable(...way, '--yes')).toMatchObject({ code: 0 })
  expect([readCard(image, 'mbr', 'config.txt'), readFileSync(file, 'utf8')]).toEqual([line, line])
  for (const way of ways) expect(await enable(...way, '--remove')).toMatchObject({ code: 0 })
  expect([readCard(image, 'mbr', 'config.txt'), readFileSync(file, 'utf8')]).toEqual(['', ''])
})

describe('--json is one answer', () => {
  const answer = async (...words: readonly string[]) =>
    JSON.parse((await enable('--json', ...words)).stdout)

  test.each([['--image'], ['--boot-dir']])(
    '%s: where, whether the line is in, whether it changed',
    async (way) => {
      const image = makeCardImage(dir, 'mbr', { 'config.txt': config, 'start.elf': 'elf' })
      mkdirSync(join(dir, 'boot'))
      write('boot/config.txt', config)
      const where = way === '--image' ? image : join(dir, 'boot')
      expect(await answer(way, where, '--yes')).toEqual({ where, line: true, changed: true })
      expect(await answer(way, where, '--yes')).toEqual({ where, line: true, changed: false })
      expect(await answer(way, where, '--remove')).toEqual({ where, line: false, changed: true })
      expect(await answer(way, where, '--remove')).toEqual({ where, line: false, changed: false })
    },
  )

  test('--bootcode-only, and a board that needs nothing', async () => {
    const loader = join(dir, 'bootcode.bin')
    writeFileSync(loader, Buffer.alloc(50_000, 0xa5))
    const where = join(dir, 'card.img')
    expect(
      await answer('--bootcode-only', '--bootcode', loader, '--image', where, '--yes'),
    ).toEqual({
      ...{ where, bootcodeOnly: true, changed: true },
    })
    expect(await answer('--model', '3b+')).toEqual({ model: '3b+', changed: false })
  })
})

describe('a second run at the same time says so, and changes nothing', () => {
  const inUse = (where: string) => ({
    ...{ code: 6, error: `another run is at work on ${where}`, questions: [] },
  })

  test('on an image', async () => {
    const image = superfloppy(16)
    const sum = sumOf(image)
    const lock = await localHost().hold(dir)
    expect(await enable('--image', image, '--yes')).toMatchObject(inUse(dir))
    expect(await enable('--image', image, '--remove')).toMatchObject(inUse(dir))
    await lock?.release()
    expect(sumOf(image)).toBe(sum)
    expect(await enable('--image', image, '--yes')).toMatchObject({ code: 0, error: '' })
  })

  test('on a directory, while the first one still asks', async () => {
    write('config.txt', config)
    const second: unknown[] = []
    const argv = ['enable-netboot-sd', '--boot-dir', dir]
    const first = pifarmHere(argv, {
      answers: [true],
      asked: async () => {
        second.push(await enable('--boot-dir', dir, '--remove'))
      },
    })
    expect(await first).toMatchObject({ code: 0 })
    expect(second).toMatchObject([inUse(dir)])
    expect(readFileSync(join(dir, 'config.txt'), 'latin1')).toBe(`${line}\r\n${config}`)
  })

  test('on an image of --bootcode-only', async () => {
    const loader = join(dir, 'bootcode.bin')
    writeFileSync(loader, Buffer.alloc(50_000, 0xa5))
    const lock = await localHost().hold(dir)
    const words = ['--bootcode-only', '--bootcode', loader, '--yes']
    expect(await enable(...words, '--image', join(dir, 'x.img'))).toMatchObject(inUse(dir))
    expect(await enable(...words, '--boot-dir', dir)).toMatchObject(inUse(dir))
    await lock?.release()
    expect(readdirSync(dir)).toEqual(['bootcode.bin'])
  })
})

describe('refused', () => {
  test('a card that holds only bootcode.bin: what it is, and what it is for', async () => {
    const image = makeCardImage(dir, 'mbr', { 'BOOTCODE.BIN': 'loader' })
    mkdirSync(join(dir, 'card'))
    write('card/bootcode.bin', 'loader')
    const sum = sumOf(image)
    for (const way of [
      ['--image', image],
      ['--boot-dir', join(dir, 'card')],
    ]) {
      const { code, error, hint, stderr } = await enable(...way, '--yes')
      expect({ code, error, stderr }).toEqual({
        ...{ code: 2, error: `${way[1]} holds only bootcode.bin, which blows no fuse`, stderr: '' },
      })
      expect(hint).toContain('boots from the network with this card')
    }
    expect(sumOf(image)).toBe(sum)
    expect(readdirSync(join(dir, 'card'))).toEqual(['bootcode.bin'])
  })

  test.each(['0', '65536', '99999'])('--ssh with port %s', async (port) => {
    const { code, error, hint } = await enable('--ssh', `pi@10.77.0.52:${port}`)
    expect({ code, error, hint }).toEqual({
      code: 2,
      error: `--ssh "pi@10.77.0.52:${port}": ${port} is no port`,
      hint: 'it is 1 to 65535',
    })
  })

  test('--bootcode-only into a directory that is not there', async () => {
    const loader = join(dir, 'bootcode.bin')
    writeFileSync(loader, Buffer.alloc(50_000, 0xa5))
    const none = join(dir, 'none')
    const words = ['--bootcode-only', '--bootcode', loader, '--yes', '--boot-dir', none]
    expect(await enable(...words)).toMatchObject({
      ...{ code: 2, error: `there is no directory ${JSON.stringify(none)}` },
    })
    expect(readdirSync(dir)).toEqual(['bootcode.bin'])
  })

  test('a config.txt that is a directory, on a card and below one that is mounted', async () => {
    const image = superfloppy(16)
    execFileSync('mmd', ['-i', image, '::config.txt'])
    const sum = sumOf(image)
    const onCard = await enable('--image', image, '--yes')
    expect(onCard).toMatchObject({ code: 2, error: expect.stringContaining('is a directory') })
    expect(sumOf(image)).toBe(sum)
    mkdirSync(join(dir, 'card/config.txt'), { recursive: true })
    writeFileSync(join(dir, 'card/start.elf'), '')
    const mounted = await enable('--boot-dir', join(dir, 'card'), '--yes')
    expect(mounted).toMatchObject({ code: 2, error: expect.stringContaining('is a directory') })
    expect(mounted.stderr).toBe('')
  })

  test('an image that nobody may write to', async () => {
    const image = superfloppy(16)
    chmodSync(image, 0o444)
    expect(await enable('--image', image, '--yes')).toMatchObject({
      ...{ code: 2, error: expect.stringContaining('is read-only'), stderr: '' },
    })
  })

  test('an image that is in use: what uses it would not see the change', async () => {
    const image = superfloppy(16)
    const device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim()
    const { code, error } = await enable('--image', image, '--yes')
    execFileSync('losetup', ['-d', device])
    expect({ code, error }).toEqual({
      code: 2,
      error: expect.stringContaining(`in use by ${device}`),
    })
  })

  test('an image without a boot partition', async () => {
    const image = join(dir, 'x.img')
    writeFileSync(image, 'x'.repeat(4096))
    expect((await enable('--image', image)).error).toContain('no boot partition')
  })

  test('a packed image', async () => {
    writeFileSync(join(dir, 'x.img.xz'), 'x')
    expect((await enable('--image', join(dir, 'x.img.xz'))).hint).toBe('unpack it first')
  })

  test('the disk that this machine runs from', async () => {
    const source = execFileSync('findmnt', ['-no', 'SOURCE', '/'], { encoding: 'utf8' }).trim()
    const { code, error } = await enable('--device', source, '--yes')
    expect({ code, error }).toEqual({
      code: 2,
      error: expect.stringMatching(/is no card: .* is in use at|is (?:not a whole disk|no disk)/),
    })
  })

  test.each([
    ['zero2', 'no Ethernet'],
    ['3a+', 'no Ethernet'],
    ['cm3', 'no Ethernet'],
    ['4', 'EEPROM'],
    ['2b', 'knows only the card'],
    ['7', 'one of'],
  ])('--model %s: %s', async (model, why) => {
    const { error, hint } = await enable('--boot-dir', dir, '--model', model)
    expect(`${error} ${hint}`).toContain(why)
  })

  test.each([
    ['--ssh', 'pi@x', '--image', 'y'],
    ['--remove', '--report'],
    ['--report', '--bootcode-only'],
  ])('%s %s %s', async (...words) => {
    expect((await enable(...words)).error).toContain('do not go together')
  })
})

test.each([
  [['--bootcode', '/x'], '--bootcode goes with --bootcode-only only'],
  [['--listen', '127.0.0.1:1'], '--listen goes with --report only'],
  [['--count', '2', '--remove'], '--count goes with --report only'],
  [['--timeout', '5'], '--timeout goes with --ssh or --report only'],
])('%j without what it belongs to is refused', async (words, message) => {
  writeFileSync(join(dir, 'config.txt'), config, 'latin1')
  const { code, error } = await enable('--boot-dir', dir, '--yes', ...words)
  expect({ code, error }).toEqual({ code: 2, error: message })
  expect(readFileSync(join(dir, 'config.txt'), 'latin1')).toBe(config)
})

test('--listen 0.0.0.0 is refused: the card has to say where this machine is', async () => {
  const { code, error } = await enable('--report', '--listen', '0.0.0.0:8017', '--device', '/dev/x')
  expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('--listen 0.0.0.0') })
})

test('boards are called as people call them, also on the way in', async () => {
  for (const [model, error] of [
    ['a', 'a Pi A cannot boot from the network'],
    ['CM5', 'a CM5 boots as its EEPROM says'],
    ['2B', 'a Pi 2B has no fuse for this'],
  ] as const)
    expect((await enable('--model', model)).error).toContain(error)
})

test('an image that is something else, and a count of none, are called what they are', async () => {
  const { code, error } = await enable('--image', dir)
  expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('it is not a file') })
  const { hint } = await enable('--report', '--count', '0', '--device', '/dev/x')
  expect(hint).toBe('must be more than 0')
})

test('a 3B+ needs nothing', async () => {
  const { code, stderr } = await enable('--model', '3b+')
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('needs nothing') })
})

describe('--bootcode-only', () => {
  const loader = () => join(dir, 'bootcode.bin')

  beforeEach(() => {
    writeFileSync(loader(), Buffer.alloc(50_000, 0xa5))
  })

  const only = (...words: readonly string[]) =>
    enable('--bootcode-only', '--bootcode', loader(), '--yes', ...words)

  test('makes an image with nothing else on it', async () => {
    const image = join(dir, 'card.img')
    expect(await only('--image', image)).toMatchObject({ code: 0, error: '' })
    expect(readCard(image, 'mbr', 'bootcode.bin')).toBe(readFileSync(loader(), 'latin1'))
    const listing = execFileSync('mdir', ['-b', '-i', `${image}@@4M`, '::'], { encoding: 'utf8' })
    expect(listing.trim()).toBe('::/bootcode.bin')
    expect((await only('--image', image)).error).toContain('is there already')
  })

  test('puts it on a mounted card that is empty, and not beside another system', async () => {
    const card = join(dir, 'card')
    mkdirSync(card)
    expect((await only('--boot-dir', card)).code).toBe(0)
    expect(readFileSync(join(card, 'bootcode.bin'))).toEqual(readFileSync(loader()))
    writeFileSync(join(card, 'start.elf'), '')
    expect((await only('--boot-dir', card)).error).toContain('holds start.elf')
  })

  test('takes the TFTP directory’s, which is a link', async () => {
    const link = join(dir, 'link')
    symlinkSync(loader(), link)
    const image = join(dir, 'card.img')
    const words = ['--bootcode-only', '--bootcode', link, '--image', image, '--yes']
    expect(await enable(...words)).toMatchObject({ code: 0, error: '' })
    expect(readCard(image, 'mbr', 'bootcode.bin')).toBe(readFileSync(loader(), 'latin1'))
  })

  test('refuses a file that is no loader', async () => {
    writeFileSync(loader(), 'not found')
    expect((await only('--boot-dir', dir)).error).toContain('is no bootcode.bin')
  })
})

function sumOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

test('what a killed run left beside an image is gone after the next, and nothing else', async () => {
  const image = superfloppy(16)
  const names = readdirSync(dir)
  for (const name of ['.pifarm-unfinished-aB3dE6gH', '.pifarm-mine1']) {
    mkdirSync(join(dir, name))
    writeFileSync(join(dir, name, 'image'), '')
  }
  expect(await enable('--image', image, '--yes')).toMatchObject({ code: 0, error: '' })
  expect(readdirSync(dir).sort()).toEqual([...names, '.pifarm-mine1'].sort())
})
