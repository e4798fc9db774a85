import { expect, test } from 'vitest'
import { ipv4, mac, serial } from '../../../src/farm/schema.ts'
import {
  type DhcpPacket,
  decodeDhcp,
  encodeDhcp,
} from '../../../src/netboot/boot-client/dhcp-packet.ts'
import { bootcodeDiscover, romDiscover } from '../../../src/netboot/boot-client/discover-packet.ts'
import { judgeOffer } from '../../../src/netboot/boot-client/offer.ts'

const board = mac.parse('b8:27:eb:33:34:7a')
const source = ipv4.parse('10.77.0.1')
const padded = 'Raspberry Pi Boot   '

function offer(options: readonly (readonly [number, Buffer | string])[] = []): DhcpPacket {
  return {
    op: 'reply',
    xid: 0x26f30339,
    secs: 0,
    broadcast: true,
    yiaddr: ipv4.parse('10.77.0.11'),
    siaddr: ipv4.parse('10.77.0.99'),
    mac: board,
    options: new Map([
      [53, Buffer.from([2])],
      [1, Buffer.from([255, 255, 255, 0])],
      ...options.map(([code, value]) => [code, Buffer.from(value as string)] as const),
    ]),
  }
}

test('the ROM says what captures of real boards show', () => {
  const bytes = encodeDhcp(romDiscover(board, 5))

  expect(bytes.length).toBeGreaterThanOrEqual(300)
  expect(bytes.toString('hex', 0, 16)).toBe('01010600' + '26f30339' + '0005' + '8000' + '00000000')
  expect(bytes.toString('hex', 28, 34)).toBe('b827eb33347a')
  const options = decodeDhcp(bytes)?.options
  expect(options?.get(53)).toEqual(Buffer.from([1]))
  expect(options?.get(55)?.join()).toBe('43,60,67,128,129,130,131,132,133,134,135,66')
  expect(options?.get(60)?.toString()).toBe('PXEClient:Arch:00000:UNDI:002001')
  expect(options?.get(93)?.toString('hex')).toBe('0000')
  expect(options?.get(94)?.toString('hex')).toBe('010201')
  expect(options?.get(97)?.toString('hex')).toBe(`00${'44'.repeat(16)}`)
  expect(options?.has(61)).toBe(false)
})

test('bootcode.bin tells the serial, backwards and four times over', () => {
  const { options } = bootcodeDiscover(board, serial.parse('f333347a'), 0)

  expect(options.get(97)?.toString('hex')).toBe(`00${'7a3433f3'.repeat(4)}`)
  expect(options.get(55)).toHaveLength(14)
  expect([...(options.get(55) ?? [])]).toEqual(expect.arrayContaining([1, 3]))
})

test('a packet comes back as it went', () => {
  const packet = offer([
    [54, Buffer.from([10, 77, 0, 1])],
    [43, padded],
    [66, '10.77.0.1'],
  ])

  expect(decodeDhcp(encodeDhcp(packet))).toEqual(packet)
  expect(decodeDhcp(encodeDhcp(romDiscover(board, 0)))).toEqual(romDiscover(board, 0))
})

test('an option in several pieces is one option', () => {
  const bytes = Buffer.concat([
    encodeDhcp(offer()).subarray(0, 240),
    Buffer.from([43, 2, 0x61, 0x62, 0, 43, 1, 0x63, 255]),
  ])

  expect(decodeDhcp(bytes)?.options.get(43)?.toString()).toBe('abc')
})

test('an option that does not fit is a bug of ours', () => {
  expect(() => encodeDhcp(offer([[43, 'x'.repeat(256)]]))).toThrow(RangeError)
})

test('no cut-off packet is taken, and none makes trouble', () => {
  const whole = encodeDhcp(
    offer([
      [43, padded],
      [66, '10.77.0.1'],
    ]),
  )
  const end = whole.indexOf(255, 246 + 6)

  for (let length = 0; length <= end; length += 1) {
    expect(decodeDhcp(whole.subarray(0, length))).toBeUndefined()
  }
  expect(decodeDhcp(whole.subarray(0, end + 1))).toBeDefined()
})

test.each([
  ['no cookie', 236, 0],
  ['neither request nor reply', 0, 3],
  ['not Ethernet', 1, 6],
  ['a long hardware address', 2, 16],
  ['a multicast hardware address', 28, 0xff],
  ['an option over the end', 241, 255],
])('a packet is refused: %s', (_, at, value) => {
  const bytes = encodeDhcp(offer())
  bytes.writeUInt8(value, at)

  expect(decodeDhcp(bytes)).toBeUndefined()
})

const menu = Buffer.concat([
  Buffer.from('060103' + '0a0400505845' + '0917000014', 'hex'),
  Buffer.from(padded),
  Buffer.from([255]),
])
const self = Buffer.from([10, 77, 0, 1])

test.each([
  ['option 66', [[66, '10.77.0.1']], '10.77.0.1'],
  ['option 66 ending in a zero byte', [[66, '10.77.0.1\0']], '10.77.0.1'],
  ['option 43 as bare text', [[43, padded]], '10.77.0.1'],
  ['option 43 as a PXE menu', [[43, menu]], '10.77.0.1'],
  [
    'option 43 and a server id',
    [
      [54, Buffer.from([10, 77, 0, 2])],
      [43, padded],
    ],
    '10.77.0.2',
  ],
  [
    '66 behind 43',
    [
      [43, padded],
      [66, '10.77.0.5'],
    ],
    '10.77.0.5',
  ],
  [
    '43 behind 66',
    [
      [54, self],
      [66, '10.77.0.5'],
      [43, padded],
    ],
    '10.77.0.1',
  ],
] as const)('the TFTP server is found by %s', (_, options, server) => {
  expect(judgeOffer(offer(options), source)).toMatchObject({
    kind: 'taken',
    offer: { address: '10.77.0.11', netmask: '255.255.255.0', tftpServer: server },
  })
})

test.each([
  ['nothing but siaddr', [], 'dhcp-options', 'names no TFTP server'],
  ['two blanks', [[43, 'Raspberry Pi Boot  ']], 'dhcp-options', 'lacks the three blanks'],
  ['a host name', [[66, 'nas.lan']], 'dhcp-options', 'option 66 is "nas.lan"'],
  ['another subnet', [[66, '10.78.0.1']], 'dhcp-offer', 'another subnet'],
  ['one byte', [[66, '1']], 'dhcp-options', 'option 66'],
] as const)('a Pi 3B cannot boot by an OFFER with %s', (_, options, kind, why) => {
  expect(judgeOffer(offer(options), source)).toMatchObject({
    kind: 'refused',
    refusal: { kind, why: expect.stringContaining(why) },
  })
})

test('the netmask is that of the OFFER, and without one the network’s', () => {
  const [wide, narrow] = [ipv4.parse('255.255.252.0'), ipv4.parse('255.255.255.128')]
  const maskless = { ...offer(), options: new Map([[66, Buffer.from('10.77.1.1')]]) }
  const own = offer([
    [66, '10.77.0.1'],
    [1, Buffer.from([255, 255, 255, 192])],
  ])
  expect(judgeOffer(maskless, source, '3b', wide)).toMatchObject({
    kind: 'taken',
    offer: { netmask: '255.255.252.0' },
  })
  expect(judgeOffer(maskless, source, '3b', narrow)).toMatchObject({ kind: 'refused' })
  expect(judgeOffer(own, source, '3b', wide)).toMatchObject({
    kind: 'taken',
    offer: { netmask: '255.255.255.192' },
  })
})

test('an OFFER without an address is none', () => {
  const packet = { ...offer([[66, '10.77.0.1']]), yiaddr: ipv4.parse('0.0.0.0') }

  expect(judgeOffer(packet, source)).toMatchObject({ kind: 'refused' })
})

test.each([
  ['this very machine', '127.0.0.7', '10.77.0.1', '255.255.255.0', 'no board can have'],
  ['multicast', '224.0.0.7', '10.77.0.1', '255.255.255.0', 'no board can have'],
  ['everybody', '255.255.255.255', '10.77.0.1', '255.255.255.0', 'no board can have'],
  ['the network’s broadcast', '10.77.0.255', '10.77.0.1', '255.255.255.0', 'no board can have'],
  ['the network itself', '10.77.0.0', '10.77.0.1', '255.255.255.0', 'no board can have'],
  ['the server’s own address', '10.77.0.1', '10.77.0.1', '255.255.255.0', 'that same address'],
  ['files from the board itself', '10.77.0.11', '127.0.0.1', '255.255.255.0', 'where no server is'],
  ['files from everybody', '10.77.0.11', '255.255.255.255', '255.255.255.0', 'where no server'],
  ['all addresses as one network', '10.77.0.11', '10.77.0.1', '0.0.0.0', 'which is none'],
  ['half of all addresses', '10.77.0.11', '10.77.0.1', '128.0.0.0', 'which is none'],
  ['a netmask with a hole', '10.77.0.11', '10.77.0.1', '255.0.255.0', 'which is none'],
] as const)('no board boots by an OFFER of %s', (_, address, files, mask, why) => {
  const options = [
    [66, files],
    [1, Buffer.from(mask.split('.').map(Number))],
  ] as const
  const packet = { ...offer(options), yiaddr: ipv4.parse(address) }

  for (const model of ['3b', '4'] as const)
    expect(judgeOffer(packet, source, model)).toMatchObject({
      kind: 'refused',
      refusal: { kind: 'dhcp-offer', why: expect.stringContaining(why) },
    })
})
