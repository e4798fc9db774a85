import type { Mac, Model, Serial } from '../../farm/schema.ts'
import { type DhcpPacket, dhcpMessageType, dhcpOption, noAddress } from './dhcp-packet.ts'

/** The same in every Pi 3B and at every boot: seen as 653460281 in dnsmasq's log. */
const romXid = 0x26f30339
const vendorClass = 'PXEClient:Arch:00000:UNDI:002001'
const pxeOptions = [128, 129, 130, 131, 132, 133, 134, 135]
const romAsksFor = [43, 60, 67, ...pxeOptions, 66]
const bootcodeAsksFor = [1, 3, 43, 60, 67, ...pxeOptions, 66]

/** What a Pi 3B's boot ROM broadcasts. Its GUID is the same on every board and tells nothing. */
export function romDiscover(mac: Mac, secs: number): DhcpPacket {
  const guid = Buffer.concat([Buffer.alloc(1), Buffer.alloc(16, 0x44)])
  return discoverPacket({ mac, secs, xid: romXid, asksFor: romAsksFor, guid })
}

/** What bootcode.bin broadcasts in its own, second round: its GUID is the serial, four times over. */
export function bootcodeDiscover(mac: Mac, serial: Serial, secs: number): DhcpPacket {
  const guid = Buffer.alloc(17)
  const number = Number.parseInt(serial, 16)
  for (let copy = 0; copy < 4; copy += 1) guid.writeUInt32LE(number, 1 + 4 * copy)
  return discoverPacket({ mac, secs, xid: number, asksFor: bootcodeAsksFor, guid })
}

const revisions: Readonly<Partial<Record<Model, number>>> = {
  '4': 0xc03112,
  '400': 0xc03130,
  cm4: 0xc03140,
  '5': 0xd04170,
}

/** What the EEPROM of a Pi 4 or 5 broadcasts: its GUID says what it is, the MAC's end and the serial. */
export function eepromDiscover(
  { mac, serial, model }: { readonly mac: Mac; readonly serial: Serial; readonly model: Model },
  secs: number,
): DhcpPacket {
  const number = Number.parseInt(serial, 16)
  const guid = Buffer.alloc(17)
  guid.write(model === '5' ? 'RPi5' : 'RPi4', 1, 'latin1')
  guid.writeUInt32LE(revisions[model] ?? 0, 5)
  Buffer.from(mac.slice(6).replaceAll(':', ''), 'hex').copy(guid, 9)
  guid.writeUInt32LE(number, 13)
  return discoverPacket({ mac, secs, xid: number, asksFor: bootcodeAsksFor, guid })
}

function discoverPacket(given: {
  readonly mac: Mac
  readonly secs: number
  readonly xid: number
  readonly asksFor: readonly number[]
  readonly guid: Buffer
}): DhcpPacket {
  return {
    op: 'request',
    xid: given.xid,
    secs: given.secs,
    broadcast: true,
    yiaddr: noAddress,
    siaddr: noAddress,
    mac: given.mac,
    options: new Map([
      [dhcpOption.messageType, Buffer.from([dhcpMessageType.discover])],
      [dhcpOption.requestList, Buffer.from(given.asksFor)],
      [dhcpOption.vendorClass, Buffer.from(vendorClass, 'latin1')],
      [dhcpOption.architecture, Buffer.from([0, 0])],
      [dhcpOption.networkInterface, Buffer.from([1, 2, 1])],
      [dhcpOption.clientGuid, given.guid],
    ]),
  }
}
