import { createSocket } from 'node:dgram'
import { expect, test } from 'vitest'
import { mac, serial } from '../../src/farm/schema.ts'
import { type DhcpPacket, encodeDhcp } from '../../src/netboot/boot-client/dhcp-packet.ts'
import {
  bootcodeDiscover,
  eepromDiscover,
  romDiscover,
} from '../../src/netboot/boot-client/discover-packet.ts'
import { listenForPis } from '../../src/netboot/dhcp-listener.ts'
import { readPxe } from '../../src/netboot/pxe-client.ts'

const pi3 = { mac: mac.parse('b8:27:eb:33:34:7a'), serial: serial.parse('3333347a') }
const pi4 = { mac: mac.parse('dc:a6:32:01:36:c2'), serial: serial.parse('9ffefdef') }

function with97(packet: DhcpPacket, guid: string): DhcpPacket {
  return { ...packet, options: new Map([...packet.options, [97, Buffer.from(guid, 'hex')]]) }
}

test.each([
  ['a 3B ROM says what it is, not which', romDiscover(pi3.mac, 0), [undefined, ['3b'], true]],
  [
    'bootcode.bin says its serial four times',
    bootcodeDiscover(pi3.mac, pi3.serial, 0),
    ['3333347a', ['3b', '3b+'], true],
  ],
  [
    'a Pi 3 whose serial has other digits than its MAC',
    bootcodeDiscover(pi3.mac, serial.parse('deadbeef'), 0),
    ['deadbeef', ['3b', '3b+'], false],
  ],
  ['a Pi 4', eepromDiscover({ ...pi4, model: '4' }, 0), ['9ffefdef', ['4'], true]],
  ['a Pi 400', eepromDiscover({ ...pi4, model: '400' }, 0), ['9ffefdef', ['400'], true]],
  ['a Pi 5', eepromDiscover({ ...pi4, model: '5' }, 0), ['9ffefdef', ['5'], true]],
  [
    'a Pi 4 that tells the end of another MAC',
    { ...eepromDiscover({ ...pi4, model: '4' }, 0), mac: pi3.mac },
    ['9ffefdef', ['4'], false],
  ],
  [
    'a PC',
    with97(romDiscover(pi4.mac, 0), '00112233445566778899aabbccddeeff00'),
    [undefined, [], true],
  ],
  ['cut short', with97(romDiscover(pi4.mac, 0), '0052506934'), [undefined, [], true]],
] as const)('%s', (_, packet, [said, models, isConsistent]) => {
  expect(readPxe(packet)).toMatchObject({ serial: said, models, isConsistent })
})

test('who does not boot from the network is not listened to', () => {
  const packet = romDiscover(pi3.mac, 0)
  expect(readPxe({ ...packet, options: new Map() })).toBeUndefined()
  expect(readPxe({ ...packet, op: 'reply' })).toBeUndefined()
})

test('the port is shared with another socket, and a second listener does not mind', async () => {
  const server = createSocket({ type: 'udp4', reuseAddr: true })
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
  const over = new AbortController()
  const { port } = server.address()
  const heard = await listenForPis(over.signal, () => new Date(7), port)
  const client = createSocket('udp4')
  const packet = encodeDhcp(eepromDiscover({ ...pi4, model: '4' }, 0))
  // To an address that only the listener is bound to: two sockets get both a broadcast alone.
  for (const bytes of [Buffer.from('hostile'), packet]) client.send(bytes, port, '127.0.0.2')
  const first = await heard?.[Symbol.asyncIterator]().next()
  expect(first?.value).toMatchObject({ kind: 'pxe', serial: '9ffefdef', time: 7 })
  over.abort()
  client.close()
  server.close()
})

test('a port that cannot be shared: no listener, and no error', async () => {
  const server = createSocket('udp4')
  await new Promise<void>((resolve) => server.bind(0, resolve))
  const never = new AbortController().signal
  expect(await listenForPis(never, () => new Date(), server.address().port)).toBeUndefined()
  server.close()
})
