import { type Ipv4, ipv4, type Mac, mac } from '../../farm/schema.ts'

/** The DHCP options that a booting Pi sends or reads (RFC 2132, RFC 4578). */
export const dhcpOption = {
  netmask: 1,
  vendorSpecific: 43,
  requestedAddress: 50,
  messageType: 53,
  serverId: 54,
  requestList: 55,
  message: 56,
  vendorClass: 60,
  tftpServer: 66,
  architecture: 93,
  networkInterface: 94,
  clientGuid: 97,
} as const

export const dhcpMessageType = { discover: 1, offer: 2, request: 3, ack: 5, nak: 6 } as const

/** A BOOTP frame with DHCP options, as far as a boot ROM cares. */
export interface DhcpPacket {
  readonly op: 'request' | 'reply'
  readonly xid: number
  /** Seconds since the client began to ask. */
  readonly secs: number
  /** The answer is to be sent to everybody, since the client has no address yet. */
  readonly broadcast: boolean
  readonly yiaddr: Ipv4
  readonly siaddr: Ipv4
  /** The relay that the answer goes to. */
  readonly giaddr?: Ipv4
  readonly mac: Mac
  /** By option number, in the order in which they stand in the packet. */
  readonly options: ReadonlyMap<number, Buffer>
  /** It ends within its options: those behind are missing. */
  readonly isCutOff?: true
}

const headerBytes = 240
const cookie = Buffer.from([0x63, 0x82, 0x53, 0x63])
const etherType = 1
const padOption = 0
const endOption = 255
/** BOOTP relays and some servers drop anything shorter. */
const shortestPacket = 300

export const noAddress = ipv4.parse('0.0.0.0')

/** The bytes of a packet. An option may hold at most 255 bytes. */
export function encodeDhcp(packet: DhcpPacket): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt8(packet.op === 'request' ? 1 : 2, 0)
  header.writeUInt8(etherType, 1)
  header.writeUInt8(6, 2)
  header.writeUInt8(packet.giaddr ? 1 : 0, 3)
  header.writeUInt32BE(packet.xid, 4)
  header.writeUInt16BE(packet.secs, 8)
  header.writeUInt16BE(packet.broadcast ? 0x8000 : 0, 10)
  addressBytes(packet.yiaddr).copy(header, 16)
  addressBytes(packet.siaddr).copy(header, 20)
  if (packet.giaddr) addressBytes(packet.giaddr).copy(header, 24)
  Buffer.from(packet.mac.replaceAll(':', ''), 'hex').copy(header, 28)
  cookie.copy(header, 236)
  const options = [...packet.options].map(([code, value]) => {
    if (value.length > 255) throw new RangeError(`DHCP option ${code} is over 255 bytes`)
    return Buffer.concat([Buffer.from([code, value.length]), value])
  })
  const bytes = Buffer.concat([header, ...options, Buffer.from([endOption])])
  return Buffer.concat([bytes, Buffer.alloc(Math.max(0, shortestPacket - bytes.length))])
}

/** Undefined for whatever is not a whole DHCP packet of an Ethernet client. */
export function decodeDhcp(bytes: Buffer): DhcpPacket | undefined {
  const packet = decodeHeard(bytes)
  return packet?.isCutOff ? undefined : packet
}

/** Also one that ends within its options: whoever waits for it wants to know that it came. */
export function decodeHeard(bytes: Buffer): DhcpPacket | undefined {
  if (bytes.length < headerBytes || !bytes.subarray(236, 240).equals(cookie)) return undefined
  const op = bytes.readUInt8(0)
  if ((op !== 1 && op !== 2) || bytes.readUInt8(1) !== etherType || bytes.readUInt8(2) !== 6) {
    return undefined
  }
  const hardware = mac.safeParse(bytes.toString('hex', 28, 34).replace(/(..)(?=.)/g, '$1:'))
  if (!hardware.success) return undefined
  const { options, isWhole } = decodeOptions(bytes.subarray(headerBytes))
  return {
    op: op === 1 ? 'request' : 'reply',
    xid: bytes.readUInt32BE(4),
    secs: bytes.readUInt16BE(8),
    broadcast: (bytes.readUInt16BE(10) & 0x8000) !== 0,
    yiaddr: readAddress(bytes, 16),
    siaddr: readAddress(bytes, 20),
    mac: hardware.data,
    options,
    ...(isWhole ? {} : { isCutOff: true }),
  }
}

/** Not whole where an option runs over the end, or no end is marked. */
function decodeOptions(bytes: Buffer): { options: Map<number, Buffer>; isWhole: boolean } {
  const options = new Map<number, Buffer>()
  for (let at = 0; ; ) {
    const code = bytes[at]
    if (code === undefined) return { options, isWhole: false }
    if (code === endOption) return { options, isWhole: true }
    if (code === padOption) {
      at += 1
      continue
    }
    const length = bytes[at + 1]
    if (length === undefined || at + 2 + length > bytes.length) return { options, isWhole: false }
    const value = bytes.subarray(at + 2, at + 2 + length)
    // A long option comes in several pieces (RFC 3396).
    options.set(code, Buffer.concat([options.get(code) ?? Buffer.alloc(0), value]))
    at += 2 + length
  }
}

/** The four bytes of an address, in network order. */
export function addressBytes(address: Ipv4): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

function readAddress(bytes: Buffer, at: number): Ipv4 {
  return ipv4.parse(bytes.subarray(at, at + 4).join('.'))
}
