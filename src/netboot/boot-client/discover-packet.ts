import type { Mac, Serial } from '../../farm/schema.ts'
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
