import { type Mac, type Model, type Serial, serial } from '../farm/schema.ts'
import { type DhcpPacket, dhcpOption } from './boot-client/dhcp-packet.ts'
import { agree, isDerived } from './serial-and-mac.ts'

/** What a board says of itself when it asks for an address to boot by. */
export interface Pxe {
  readonly mac: Mac
  /** Undefined: it does not say, as no Pi 3B's boot ROM does. */
  readonly serial: Serial | undefined
  /** What it may be; empty: it does not say. */
  readonly models: readonly Model[]
  /** False where what it says does not fit its MAC. */
  readonly isConsistent: boolean
}

/** By the type field of a new-style board revision. */
const modelOfType: Readonly<Record<number, Model>> = {
  8: '3b',
  13: '3b+',
  17: '4',
  19: '400',
  20: 'cm4',
  23: '5',
}
const newStyle = 0x80_0000

/**
 * Reads a DISCOVER or REQUEST of a boot ROM or EEPROM; undefined for other clients. A Pi 4 or 5
 * puts a mark, its board revision, the end of its MAC and its serial into option 97, all little
 * endian; bootcode.bin and older EEPROMs the serial four times; a Pi 3B's ROM a constant.
 */
export function readPxe({ op, mac, options }: DhcpPacket): Pxe | undefined {
  const vendorClass = options.get(dhcpOption.vendorClass)?.toString('latin1') ?? ''
  if (op !== 'request' || !vendorClass.startsWith('PXEClient')) return undefined
  const nothing: Pxe = { mac, serial: undefined, models: [], isConsistent: true }
  const guid = options.get(dhcpOption.clientGuid)
  if (guid?.length !== 17 || guid[0] !== 0) return nothing
  const id = guid.subarray(1)
  if (id.every((byte) => byte === 0x44)) return { ...nothing, models: ['3b'] }
  if (/^RPi[45]$/.test(id.toString('latin1', 0, 4))) return marked(mac, id)
  const said = number(id, 0)
  if (![4, 8, 12].every((at) => number(id, at) === said)) return nothing
  const own = toSerial(said)
  const isPi3 = isDerived(mac)
  return {
    mac,
    serial: own,
    models: isPi3 ? ['3b', '3b+'] : ['4', '400', 'cm4', '5'],
    isConsistent: own !== undefined && (!isPi3 || agree(mac, own)),
  }
}

function marked(mac: Mac, id: Buffer): Pxe {
  const revision = number(id, 4)
  const model = revision & newStyle ? modelOfType[(revision >> 4) & 0xff] : undefined
  const end = mac.slice(6).replaceAll(':', '')
  // Some EEPROMs of 2020 leave the MAC out; which way round the others write it is nowhere said.
  const said = [
    id.toString('hex', 8, 12),
    Buffer.from(id.subarray(8, 12)).reverse().toString('hex'),
  ]
  return {
    mac,
    serial: toSerial(number(id, 12)),
    models: model ? [model] : id[3] === 0x35 ? ['5'] : ['4', '400', 'cm4'],
    isConsistent: said.includes(end) || said.includes('00000000'),
  }
}

function number(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at)
}

function toSerial(value: number): Serial | undefined {
  return serial.safeParse(value.toString(16).padStart(8, '0')).data
}
