import { afterEach, describe, expect, test } from 'vitest'
import { type Ipv4, ipv4, mac, serial } from '../../../src/farm/schema.ts'
import type { Board, Patience } from '../../../src/netboot/boot-client/boot-report.ts'
import { type DhcpPacket, encodeDhcp } from '../../../src/netboot/boot-client/dhcp-packet.ts'
import { type PlayPiOptions, playPi } from '../../../src/netboot/boot-client/play-pi.ts'
import type { StopKind } from '../../../src/netboot/boot-client/stop.ts'
import { judgeBoot } from '../../../src/netboot/simulate/judge-boot.ts'
import { startDhcpServer } from './dhcp-server.ts'
import { type Faults, startTftpServer } from './tftp-server.ts'

type Files = Readonly<Record<string, string>>
type Answers = (asked: DhcpPacket, nth: number) => readonly (DhcpPacket | Buffer)[]

const board = {
  model: '3b',
  mac: mac.parse('b8:27:eb:33:34:7a'),
  serial: serial.parse('3333347a'),
} as const
const quick: Patience = { rom: [60, 60, 60], bootcode: [60, 60] }
const cmdline = 'root=/dev/nfs nfsroot=127.0.0.1:/mnt/PiRoots/HLSPi1,vers=3,tcp rw ip=dhcp'

const whole: Files = {
  'bootcode.bin': 'bootcode',
  '3333347a/start.elf': 'start',
  '3333347a/fixup.dat': 'fixup',
  '3333347a/config.txt': 'gpu_mem=192\narm_64bit=1\ndtoverlay=vc4-kms-v3d\nauto_initramfs=1\n',
  '3333347a/cmdline.txt': `${cmdline}\n`,
  '3333347a/bcm2710-rpi-3-b.dtb': 'tree',
  '3333347a/overlays/vc4-kms-v3d.dtbo': 'overlay',
  '3333347a/kernel8.img': 'kernel',
  '3333347a/initramfs8': 'initramfs',
}

function offer(asked: DhcpPacket, changed: Partial<DhcpPacket> = {}): DhcpPacket {
  return {
    ...asked,
    op: 'reply',
    yiaddr: ipv4.parse('127.0.0.11'),
    options: new Map([
      [53, Buffer.from([2])],
      [66, Buffer.from('127.0.0.1')],
    ]),
    ...changed,
  }
}

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()))
})

interface Circumstances {
  readonly as?: Board
  readonly netmask?: Ipv4
  readonly signal?: AbortSignal
  readonly most?: PlayPiOptions['most']
  /** What else the TFTP server does wrong. */
  readonly faults?: Faults
}

async function boot(
  files: Files,
  answers: Answers = (asked) => [offer(asked)],
  { as = board, netmask, signal, most, faults }: Circumstances = {},
) {
  const contents = Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const)
  const tftp = await startTftpServer(Object.fromEntries(contents), faults)
  const dhcp = await startDhcpServer(answers)
  stops.push(tftp.close, dhcp.close)
  const addresses: string[] = []
  const told: string[] = []
  const report = await playPi({
    board: as,
    patience: quick,
    dhcpPorts: { client: 0, server: dhcp.port, to: '127.0.0.1', ...(netmask && { netmask }) },
    tftpPort: tftp.port,
    useAddress: async (address, netmask) => {
      addresses.push(`${address}/${netmask}`)
    },
    tell: (entry) => told.push(entry.asked),
    now: () => performance.now(),
    ...(signal && { signal }),
    ...(most && { most }),
  })
  return { report, asked: tftp.asked, dhcp, addresses, told }
}

function without(...names: readonly string[]): Files {
  return Object.fromEntries(Object.entries(whole).filter(([name]) => !names.includes(name)))
}

test('a Pi 3B asks for its files in order and ends where the kernel starts', async () => {
  const { report, asked, dhcp, addresses, told } = await boot(whole)

  expect(asked.map((line) => line.replace(/^3333347a/, 'S'))).toEqual([
    'bootcode.bin',
    'bootsig.bin',
    'S/start.elf tsize 0',
    'S/autoboot.txt tsize 0',
    'S/config.txt tsize 0',
    'S/recovery.elf tsize 0',
    'S/start.elf tsize 0',
    'S/fixup.dat tsize 0',
    'S/config.txt tsize 0',
    'S/dt-blob.bin tsize 0',
    'S/bootcfg.txt tsize 0',
    'S/bcm2710-rpi-3-b.dtb tsize 0',
    'S/overlays/overlay_map.dtb tsize 0',
    'S/overlays/vc4-kms-v3d.dtbo tsize 0',
    'S/cmdline.txt tsize 0',
    'S/kernel8.img tsize 0',
    'S/armstub8.bin tsize 0',
    'S/initramfs8 tsize 0',
  ])
  expect(dhcp.heard.map(({ xid }) => xid)).toEqual([0x26f30339, 0x3333347a])
  expect(addresses).toEqual(['127.0.0.11/255.255.255.0', '127.0.0.11/255.255.255.0'])
  expect(told).toHaveLength(asked.length + 2)
  expect(report).toMatchObject({
    address: '127.0.0.11',
    tftpServer: '127.0.0.1',
    serialDir: '3333347a',
    kernel: 'kernel8.img',
    initramfs: 'initramfs8',
    config: { gpu_mem: '192' },
    cmdline: { text: cmdline, nfsroot: { path: '/mnt/PiRoots/HLSPi1' } },
    warnings: [],
    stopped: undefined,
  })
  expect(report.files['3333347a/cmdline.txt']).toEqual({
    bytes: cmdline.length + 1,
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    text: `${cmdline}\n`,
  })
  expect(report.files['3333347a/kernel8.img']?.text).toBeUndefined()
})

test('a Pi without a directory stops after asking for it, where the top holds bootcode.bin only', async () => {
  const { report, asked } = await boot({ 'bootcode.bin': 'x' })

  expect(asked[2]).toBe('3333347a/start.elf tsize 0')
  expect(asked.slice(3).every((line) => !line.includes('/'))).toBe(true)
  expect(report.stopped?.what).toContain('start.elf did not come')
  expect(Object.keys(report.files)).toEqual(['bootcode.bin'])
})

test('a start.elf at the top makes an unknown Pi boot from there', async () => {
  const top = Object.entries(whole).map(([name, text]) => [name.replace('3333347a/', ''), text])

  const { report } = await boot(Object.fromEntries(top))

  expect(report.stopped).toBeUndefined()
  expect(report.serialDir).toBeUndefined()
  expect(report.files['cmdline.txt']?.text).toContain('HLSPi1')
})

test.each([
  ['bootcode.bin', 'rom: bootcode.bin did not come'],
  ['3333347a/kernel8.img', 'no kernel: kernel8.img, kernel8-32.img, kernel7.img, kernel.img'],
  ['3333347a/cmdline.txt', 'cmdline.txt did not come'],
])('without %s the boot stops', async (name, why) => {
  expect((await boot(without(name))).report.stopped?.what).toContain(why)
})

test.each([
  ['3333347a/fixup.dat'],
  ['3333347a/bcm2710-rpi-3-b.dtb'],
  ['3333347a/overlays/vc4-kms-v3d.dtbo'],
  ['3333347a/initramfs8'],
])('without %s the boot goes on with a warning', async (name) => {
  const { report } = await boot(without(name))

  expect(report.stopped).toBeUndefined()
  expect(report.warnings).toEqual([expect.stringContaining(`${name} did not come`)])
})

test('a 32-bit kernel is taken where there is no other', async () => {
  const files = { ...without('3333347a/kernel8.img'), '3333347a/kernel7.img': 'k' }

  const { report, asked } = await boot(files)

  expect(report.kernel).toBe('kernel7.img')
  expect(asked).toContain('3333347a/armstub7.bin tsize 0')
  expect(report.warnings).toEqual(['3333347a/initramfs7 did not come'])
})

test('recovery.elf would be started in place of the system', async () => {
  const { report } = await boot({ ...whole, '3333347a/recovery.elf': 'x' })

  expect(report.stopped?.what).toContain('recovery.elf came')
})

test('what the firmware does not read is warned of', async () => {
  const { report } = await boot({
    ...whole,
    '3333347a/config.txt': `gpu_mem=192\n${'#'.repeat(4096)}\n`,
    '3333347a/cmdline.txt': `${cmdline}\nquiet\n`,
  })

  expect(report.warnings).toEqual([
    expect.stringContaining('past 4096'),
    expect.stringContaining('more than one line'),
  ])
})

test('control characters in what was served do not get into the report', async () => {
  const { report } = await boot({
    ...whole,
    '3333347a/config.txt': 'kernel=\u001b[2J\0x\n',
    '3333347a/cmdline.txt': 'quiet \u001b[2J\n',
  })

  expect(report.events.every(({ asked }) => /^[ -~]*$/.test(asked))).toBe(true)
  expect(report.stopped?.what).toBe('start.elf: no kernel: ?[2J?x did not come')
  expect(report.cmdline?.text).toBe('quiet ?[2J')
})

test('nobody answers: the ROM gives up for good after its tries', async () => {
  const { report, dhcp } = await boot(whole, () => [])

  expect(dhcp.heard).toHaveLength(3)
  expect(report.stopped?.what).toBe('rom: no OFFER to boot by after 3 DISCOVERs: nobody answered')
  expect(report.events.map(({ answer }) => answer)).toEqual(Array(3).fill('no answer'))
})

test('an OFFER that names no TFTP server is not taken, a later one is', async () => {
  const { report, dhcp } = await boot(whole, (asked, nth) => [
    nth === 1 ? offer(asked, { options: new Map([[53, Buffer.from([2])]]) }) : offer(asked),
  ])

  expect(dhcp.heard).toHaveLength(3)
  expect(report.events[0]?.answer).toContain('OFFER refused')
  expect(report.stopped).toBeUndefined()
})

test('an OFFER that ends within its options is said to have come, and not booted by', async () => {
  // In the middle of option 66, behind the message type.
  const { report } = await boot(whole, (asked) => [encodeDhcp(offer(asked)).subarray(0, 250)])

  expect(report.stopped).toMatchObject({
    kind: 'dhcp-offer',
    what: expect.stringContaining('the OFFER ends within its options'),
  })
})

test('bootcode.bin can fail on its own', async () => {
  const { report } = await boot(whole, (asked, nth) => (nth === 1 ? [offer(asked)] : []))

  expect(report.stopped?.what).toBe(
    'bootcode.bin: no OFFER to boot by after 2 DISCOVERs: nobody answered',
  )
})

test('the netmask of the network goes with an OFFER that brings none', async () => {
  const { addresses } = await boot(whole, undefined, { netmask: ipv4.parse('255.255.252.0') })

  expect(addresses[0]).toBe('127.0.0.11/255.255.252.0')
})

test.each<[StopKind, Files, Answers | undefined, Faults | undefined]>([
  ['dhcp-silence', whole, () => [], undefined],
  [
    'dhcp-options',
    whole,
    (asked) => [offer(asked, { options: new Map([[53, Buffer.from([2])]]) })],
    undefined,
  ],
  ['dhcp-offer', whole, (asked) => [offer(asked, { yiaddr: ipv4.parse('127.1.0.11') })], undefined],
  ['no-boot-file', {}, undefined, undefined],
  ['no-directory', { 'bootcode.bin': 'x' }, undefined, undefined],
  ['no-boot-file', { ...whole, '3333347a/config.txt': 'start_x=1' }, undefined, undefined],
  ['recovery', { ...whole, '3333347a/recovery.elf': 'x' }, undefined, undefined],
  ['no-kernel', without('3333347a/kernel8.img'), undefined, undefined],
  ['no-cmdline', without('3333347a/cmdline.txt'), undefined, undefined],
  ['tftp-silence', whole, undefined, { isDead: true }],
])('whoever finds the fault says its kind: %s', async (kind, files, answers, faults) => {
  const { report } = await boot(files, answers, faults && { faults })

  expect(report.stopped?.kind).toBe(kind)
})

test('a signal ends the boot at once, while nobody answers', async () => {
  const over = new AbortController()
  const booting = boot(
    whole,
    () => {
      over.abort()
      return []
    },
    { signal: over.signal },
  )

  expect(await booting.catch((error: unknown) => error)).toBe(over.signal.reason)
})

test.each<[string, Files]>([
  ['auto_initramfs=1', { '3333347a/config.txt': 'arm_64bit=1\nauto_initramfs=1\n' }],
  [
    'a name of its own',
    { '3333347a/config.txt': 'arm_64bit=1\ninitramfs early.cpio followkernel\n' },
  ],
  [
    'one of several',
    { '3333347a/config.txt': 'arm_64bit=1\ninitramfs initramfs8,late followkernel\n' },
  ],
])('an initramfs that does not come stops the Pi: %s', async (name, config) => {
  const files = name === 'one of several' ? whole : without('3333347a/initramfs8')
  const { report } = await boot({ ...files, ...config })

  expect(judgeBoot(report, { kind: 'unknown' })).toContainEqual(
    expect.objectContaining({
      stage: 'kernel',
      what: expect.stringMatching(/initramfs, and 3333347a\/\S+ did not come/),
    }),
  )
})

test.each<[string, Answers]>([
  ['to another board', (asked) => [offer(asked, { mac: mac.parse('b8:27:eb:00:00:01') })]],
  ['of another transaction', (asked) => [offer(asked, { xid: 1 })]],
  ['that is a request', (asked) => [offer(asked, { op: 'request' })]],
  ['that is an ACK', (asked) => [offer(asked, { options: new Map([[53, Buffer.from([5])]]) })]],
  ['that is rubbish', () => [Buffer.from('x'), Buffer.alloc(400)]],
])('a packet %s is passed over', async (_, answers) => {
  const { report } = await boot(whole, answers)

  expect(report.stopped?.what).toContain('nobody answered')
})

describe('a Pi 4 takes its address in four steps', () => {
  const pi4: Board = { ...board, model: '4', mac: mac.parse('dc:a6:32:01:36:c2') }
  const files = { '3333347a/start4.elf': 'start', '3333347a/config.txt': '' }

  /** Offers, and answers a REQUEST with this. */
  function granting(type: number, changed: Partial<DhcpPacket> = {}): Answers {
    return (asked) => {
      if (asked.options.get(53)?.[0] === 1) return [offer(asked)]
      const options = new Map([
        [53, Buffer.from([type])],
        [56, Buffer.from('wrong \x1b[31mnetwork')],
      ])
      return [offer(asked, { options, ...changed })]
    }
  }

  test('and asks for files when it is granted', async () => {
    const { report, dhcp, addresses, asked } = await boot(files, granting(5), { as: pi4 })
    expect(dhcp.heard.map(({ options }) => options.get(53)?.[0])).toEqual([1, 3])
    expect(dhcp.heard[1]?.options.get(50)).toEqual(Buffer.from([127, 0, 0, 11]))
    expect(dhcp.heard[1]?.options.get(54)).toEqual(Buffer.from([127, 0, 0, 1]))
    expect(addresses).toEqual(['127.0.0.11/255.255.255.0'])
    expect(report.events[1]).toMatchObject({
      ...{ asked: 'DHCPREQUEST for 127.0.0.11', answer: 'ACK of 127.0.0.11 from 127.0.0.1' },
    })
    expect(asked[0]).toMatch(/^3333347a\/start4\.elf /)
  })

  test.each([
    ['refused', granting(6), /127\.0\.0\.1 refuses it \(DHCPNAK: "wrong \\u001b\[31mnetwork"\)/],
    [
      'another one',
      granting(5, { yiaddr: ipv4.parse('127.0.0.12') }),
      /grants 127\.0\.0\.12 instead/,
    ],
    ['no answer', granting(2), /no answer to 3 requests/],
  ] as const)('%s: it stops there', async (_, answers, why) => {
    const { report, asked, addresses } = await boot(files, answers, { as: pi4 })
    expect(report.stopped?.what).toMatch(why)
    expect(judgeBoot(report, { kind: 'unknown' })).toContainEqual(
      expect.objectContaining({ stage: 'dhcp', what: report.stopped?.what }),
    )
    expect([asked, addresses]).toEqual([[], []])
  })
})

test.each([
  ['bootcode.bin', /bootcode\.bin is empty/],
  ['3333347a/start.elf', /3333347a\/start\.elf is empty/],
  ['3333347a/cmdline.txt', /no root=\/dev\/nfs: its first line is empty/],
  ['3333347a/kernel8.img', /kernel8\.img is not whole: it is empty/],
  [
    '3333347a/bcm2710-rpi-3-b.dtb',
    /no device tree came \(3333347a\/bcm2710-rpi-3-b\.dtb is empty\)/,
  ],
  ['3333347a/initramfs8', /initramfs, and 3333347a\/initramfs8 is empty/],
])('an empty %s stops the Pi', async (name, what) => {
  const { report } = await boot({ ...whole, [name]: '' })

  expect(judgeBoot(report, { kind: 'unknown' })).toContainEqual(
    expect.objectContaining({ what: expect.stringMatching(what) }),
  )
})

test('config.txt names many large files: together they are no more than a Pi could hold', async () => {
  const { report } = await boot({ ...whole, '3333347a/kernel8.img': 'x'.repeat(9000) }, undefined, {
    most: { bytes: 5000, time: 60_000 },
  })

  expect(report.stopped).toMatchObject({ kind: 'tftp-endless' })
  expect(report.events.map(({ answer }) => answer)).toContain('too big')
})

test('all files together are waited for only so long', async () => {
  const { report } = await boot(whole, undefined, { most: { bytes: 1e6, time: 0 } })

  expect(report.stopped).toMatchObject({ kind: 'tftp-endless' })
})
