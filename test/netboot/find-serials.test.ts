import { expect, test } from 'vitest'
import { mac, serial as serialSchema } from '../../src/farm/schema.ts'
import { type BootEvent, parseLogLine } from '../../src/netboot/boot-log.ts'
import { type Finding, SerialFinder } from '../../src/netboot/find-serials.ts'

function find(lines: readonly string[], finder = new SerialFinder()): readonly Finding[] {
  return lines
    .map((line) => parseLogLine(line))
    .flatMap((event) => (event ? [finder.feed(event)] : []))
    .filter((finding) => finding !== undefined)
}

function offer(address: string, board: string): string {
  return `dhcpd[1]: DHCPOFFER on ${address} to ${board} via eth0`
}

function asks(address: string, file: string): string {
  return `in.tftpd[1]: RRQ from ${address} filename ${file}`
}

const pi3 = 'b8:27:eb:33:34:7a'
const pi4 = 'dc:a6:32:01:36:c2'

test('a Pi 3 is found with its MAC, address and the request that gave it away', () => {
  const findings = find([
    `dhcpd[1]: DHCPDISCOVER from ${pi3} via eth0`,
    offer('10.77.0.11', pi3),
    asks('10.77.0.11', 'bootcode.bin'),
    asks('10.77.0.11', '3333347a/start.elf'),
  ])

  expect(findings).toEqual([
    {
      serial: '3333347a',
      mac: pi3,
      address: '10.77.0.11',
      file: '3333347a/start.elf',
      daemon: 'tftpd-hpa',
      models: ['3b', '3b+'],
      time: undefined,
      certain: true,
      doubt: undefined,
    },
  ])
})

test('the same board is told once, however many files it asks for', () => {
  const boot = [
    offer('10.77.0.11', pi3),
    asks('10.77.0.11', '3333347a/start.elf'),
    asks('10.77.0.11', '3333347a/config.txt'),
  ]

  expect(find([...boot, ...boot])).toHaveLength(1)
})

test('a Pi 4 is paired by its address alone', () => {
  const findings = find([offer('10.77.0.12', pi4), asks('10.77.0.12', '9ffefdef/start4.elf')])

  expect(findings).toMatchObject([{ serial: '9ffefdef', mac: pi4, certain: true }])
})

test('an address that has changed hands belongs to the board that was offered it last', () => {
  const findings = find([
    offer('10.77.0.100', 'dc:a6:32:00:00:01'),
    offer('10.77.0.100', pi4),
    asks('10.77.0.100', '9ffefdef/start4.elf'),
  ])

  expect(findings).toMatchObject([{ mac: pi4, certain: true }])
})

test('a server that does not log the client: the shared digits lead to the MAC, and prove nothing', () => {
  const findings = find([
    `dhcpd[1]: DHCPDISCOVER from ${pi3} via eth0`,
    'tftpd[1]: tftpd: trying to get file: 3333347a/start.elf',
  ])

  expect(findings).toMatchObject([
    {
      ...{ mac: pi3, address: undefined, certain: false },
      doubt: 'only the six digits that MAC and serial share speak for it',
    },
  ])
})

test('a MAC known beforehand is paired before the log says anything about it', () => {
  const finder = new SerialFinder([mac.parse(pi3)])

  expect(find([asks('10.77.0.11', '3333347a/start.elf')], finder)).toMatchObject([
    { mac: pi3, certain: false },
  ])
  expect(
    find([offer('10.77.0.11', pi3), asks('10.77.0.11', '3333347a/config.txt')], finder),
  ).toEqual([expect.objectContaining({ mac: pi3, certain: true })])
})

test('of two boards with the same digits neither is certain without its address', () => {
  const twin = 'b8:27:eb:33:34:7a'
  const finder = new SerialFinder([mac.parse(twin)])
  const neighbour = asks('10.77.0.99', 'ff33347a/start.elf')
  expect(find([neighbour, asks('10.77.0.98', '3333347a/start.elf')], finder)).toMatchObject([
    { serial: 'ff33347a', mac: twin, certain: false },
    { serial: '3333347a', mac: twin, certain: false },
  ])
})

test.each([
  [
    'nothing known of the address',
    [asks('10.77.0.50', 'deadbeef/start.elf')],
    undefined,
    'no DHCP line tells whose address 10.77.0.50 is',
  ],
  [
    'nothing known of the client',
    ['tftpd[1]: tftpd: trying to get file: deadbeef/start.elf'],
    undefined,
    'the TFTP server does not log who asks',
  ],
  [
    'a request for an address proves nothing',
    [
      `dhcpd[1]: DHCPREQUEST for 10.77.0.50 from ${pi4} via eth0`,
      asks('10.77.0.50', 'deadbeef/start.elf'),
    ],
    undefined,
    'no DHCP line tells whose address 10.77.0.50 is',
  ],
  [
    'a Pi 3 whose digits are not in the serial',
    [offer('10.77.0.11', pi3), asks('10.77.0.11', 'deadbeef/start.elf')],
    pi3,
    'of such a board MAC and serial end in the same six digits, and these do not',
  ],
  [
    'the digits fit, the address is not the one that the board was given',
    [offer('10.77.0.11', pi3), asks('10.77.0.66', 'aa33347a/start.elf')],
    pi3,
    'it asks from 10.77.0.66, and DHCP gave that MAC another address',
  ],
  [
    'asked for from the address of another board',
    [offer('10.77.0.11', pi3), offer('10.77.0.12', pi4), asks('10.77.0.12', '3333347a/start.elf')],
    pi3,
    `it asks from 10.77.0.12, which DHCP gave to ${pi4}`,
  ],
  [
    'a MAC asked for from the address of another board',
    [offer('10.77.0.11', pi3), asks('10.77.0.11', 'dc-a6-32-01-36-c2/start4.elf')],
    pi4,
    `it asks from 10.77.0.11, which DHCP gave to ${pi3}`,
  ],
])('a pairing is not certain, and says why: %s', (_, lines, board, doubt) => {
  expect(find(lines)).toMatchObject([{ mac: board, certain: false, doubt }])
})

test('a finding that becomes certain later is told again', () => {
  const findings = find([
    asks('10.77.0.11', '3333347a/start.elf'),
    offer('10.77.0.11', pi3),
    asks('10.77.0.11', '3333347a/start.elf'),
  ])

  expect(findings.map(({ certain }) => certain)).toEqual([false, true])
})

/** Offers to as many MACs that nobody has. */
function flood(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => {
    const tail = n
      .toString(16)
      .padStart(6, '0')
      .replace(/(..)(?=.)/g, '$1:')
    return offer(`10.0.${n >> 8}.${n & 255}`, `02:00:00:${tail}`)
  })
}

test('a flood of invented MACs pushes out the oldest, not the board that is booting', () => {
  const findings = find([
    ...flood(5000),
    offer('10.77.0.12', pi4),
    asks('10.77.0.12', '9ffefdef/start4.elf'),
    asks('10.0.0.1', 'deadbeef/start4.elf'),
  ])

  expect(findings).toMatchObject([
    { mac: pi4, certain: true },
    { mac: undefined, certain: false },
  ])
})

test('an address offered again is as good as new', () => {
  const findings = find([
    offer('10.77.0.12', pi4),
    ...flood(3000),
    offer('10.77.0.12', pi4),
    ...flood(5000).slice(3000),
    asks('10.77.0.12', '9ffefdef/start4.elf'),
  ])

  expect(findings).toMatchObject([{ mac: pi4, certain: true }])
})

function says(board: string, serial: string | undefined, isConsistent = true): BootEvent {
  const known = serial === undefined ? undefined : serialSchema.parse(serial)
  return {
    ...{ kind: 'pxe', mac: mac.parse(board), serial: known, models: ['4'], isConsistent },
    time: 7,
  }
}

function asked(address: string, file: string): BootEvent {
  const event = parseLogLine(asks(address, file))
  if (event === undefined) throw new Error(file)
  return event
}

test('a board that broadcasts its serial is told at once, and not again when it asks', () => {
  const finder = new SerialFinder()
  const first = finder.feed(says(pi4, '9ffefdef'))
  expect(first).toMatchObject({ serial: '9ffefdef', mac: pi4, daemon: 'dhcp', certain: true })
  finder.feed(parseLogLine(offer('10.77.0.12', pi4)) as BootEvent)
  expect(finder.feed(asked('10.77.0.12', '9ffefdef/start4.elf'))).toBeUndefined()
})

test('what a board broadcasts and what it asks for must agree', () => {
  const finder = new SerialFinder()
  finder.feed(says(pi4, '9ffefdef'))
  finder.feed(parseLogLine(offer('10.77.0.12', pi4)) as BootEvent)
  expect(finder.feed(asked('10.77.0.12', 'deadbeef/start4.elf'))).toMatchObject({
    certain: false,
    doubt: 'that board broadcasts another serial, 9ffefdef',
  })
  expect(finder.feed(says('dc:a6:32:00:00:09', '11111111', false))).toMatchObject({
    certain: false,
  })
})

test('a directory named after the MAC: its serial from DHCP, or none', () => {
  const finder = new SerialFinder()
  finder.feed(parseLogLine(offer('10.77.0.12', pi4)) as BootEvent)
  const request = asked('10.77.0.12', 'dc-a6-32-01-36-c2/start4.elf')
  expect(finder.feed(request)).toMatchObject({ serial: undefined, mac: pi4, certain: true })
  finder.feed(says(pi4, undefined))
  const other = new SerialFinder()
  other.feed(parseLogLine(offer('10.77.0.13', pi4)) as BootEvent)
  expect(other.feed(request)).toMatchObject({ certain: false })
})

test.each([
  ['a Pi 3 by its MAC', pi3, '3333347a/config.txt', ['3b', '3b+']],
  ['a Pi 4', pi4, '9ffefdef/start4.elf', ['4', '400', 'cm4']],
  ['a Pi 5', pi4, '9ffefdef/config.txt', ['5']],
  ['signed boot', pi4, '9ffefdef/boot.img', ['4', '400', 'cm4', '5']],
])('the model is guessed: %s', (_, board, file, models) => {
  expect(find([offer('10.77.0.12', board), asks('10.77.0.12', file)])).toMatchObject([{ models }])
})
