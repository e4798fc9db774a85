import { quoted } from '../../errors.ts'
import { type Ipv4, ipv4 } from '../../farm/schema.ts'
import { addressBytes, type DhcpPacket, dhcpOption, noAddress } from './dhcp-packet.ts'

/** What an OFFER gives a Pi that can boot by it. */
export interface BootOffer {
  readonly address: Ipv4
  readonly netmask: Ipv4
  readonly tftpServer: Ipv4
  /** The DHCP server. */
  readonly server: Ipv4
}

export type Judgement =
  | { readonly kind: 'taken'; readonly offer: BootOffer }
  | { readonly kind: 'refused'; readonly why: string }

/** The ROM counts the string's length wrongly, hence the three blanks. */
const bootString = 'Raspberry Pi Boot   '
const usualNetmask = ipv4.parse('255.255.255.0')

/** Whether a Pi 3B can boot by this OFFER, which came from `source`. */
export function judgeOffer(packet: DhcpPacket, source: Ipv4): Judgement {
  if (packet.yiaddr === noAddress) return refused('the OFFER holds no address')
  const server = addressOption(packet, dhcpOption.serverId) ?? source
  const tftpServer = tftpServerOf(packet, server)
  if (!tftpServer) return refused(whyNoServer(packet))
  const netmask = addressOption(packet, dhcpOption.netmask) ?? usualNetmask
  if (!inSameSubnet(packet.yiaddr, tftpServer, netmask)) {
    return refused(`the TFTP server ${tftpServer} is on another subnet than ${packet.yiaddr}`)
  }
  return { kind: 'taken', offer: { address: packet.yiaddr, netmask, tftpServer, server } }
}

/**
 * siaddr ("next-server") is not looked at, as the ROM does not. Where options 43 and 66 both name
 * a server, the one that comes later in the packet holds.
 */
function tftpServerOf(packet: DhcpPacket, server: Ipv4): Ipv4 | undefined {
  let found: Ipv4 | undefined
  for (const [code, value] of packet.options) {
    if (code === dhcpOption.vendorSpecific && value.includes(bootString)) found = server
    if (code === dhcpOption.tftpServer) found = quad(value) ?? found
  }
  return found
}

function whyNoServer(packet: DhcpPacket): string {
  const name = packet.options.get(dhcpOption.tftpServer)
  const vendor = packet.options.get(dhcpOption.vendorSpecific)
  if (name) return `option 66 is ${quoted(name.toString('latin1'))}, not an address`
  if (vendor?.includes(bootString.trimEnd())) {
    return 'option 43 lacks the three blanks behind "Raspberry Pi Boot"'
  }
  return 'the OFFER names no TFTP server: neither option 66 nor "Raspberry Pi Boot   " in option 43'
}

/** Some servers end the text with a zero byte. */
function quad(value: Buffer): Ipv4 | undefined {
  return ipv4.safeParse(value.toString('latin1').replace(/\0$/, '')).data
}

function addressOption(packet: DhcpPacket, code: number): Ipv4 | undefined {
  const value = packet.options.get(code)
  return value?.length === 4 ? ipv4.parse(value.join('.')) : undefined
}

function inSameSubnet(one: Ipv4, other: Ipv4, netmask: Ipv4): boolean {
  const mask = addressBytes(netmask)
  const [a, b] = [addressBytes(one), addressBytes(other)]
  return mask.every((bits, at) => ((a[at] ?? 0) & bits) === ((b[at] ?? 0) & bits))
}

function refused(why: string): Judgement {
  return { kind: 'refused', why }
}
