import { quoted } from '../../errors.ts'
import { type Ipv4, ipv4, type Model } from '../../farm/schema.ts'
import { addressBytes, type DhcpPacket, dhcpOption, noAddress } from './dhcp-packet.ts'
import { isHostAddress, isNetmask } from './host-address.ts'

/** What an OFFER gives a Pi that can boot by it. */
export interface BootOffer {
  readonly address: Ipv4
  readonly netmask: Ipv4
  readonly tftpServer: Ipv4
  /** The DHCP server. */
  readonly server: Ipv4
  /** Whether option 43 says that a Raspberry Pi boots here; without it some boards do not. */
  readonly invites: boolean
  /** Nobody was asked: it is what the farm would have DHCP say. */
  readonly isAssumed?: true
}

export type Judgement = { readonly server: Ipv4 } & (
  | { readonly kind: 'taken'; readonly offer: BootOffer }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
)

/** Why no board can boot by an OFFER. */
export interface Refusal {
  /** `dhcp-options`: 43 and 66 lead to no TFTP server. */
  readonly kind: 'dhcp-options' | 'dhcp-offer'
  readonly why: string
}

/** The ROM counts the string's length wrongly, hence the three blanks. */
const bootString = 'Raspberry Pi Boot   '
/** Where neither the OFFER nor a farm says which. */
const usualNetmask = ipv4.parse('255.255.255.0')

/** Whether a board can boot by this OFFER, which came from `source`. `network`: the netmask where it has none. */
export function judgeOffer(
  packet: DhcpPacket,
  source: Ipv4,
  model: Model = '3b',
  network: Ipv4 = usualNetmask,
): Judgement {
  const server = addressOption(packet, dhcpOption.serverId) ?? source
  const refused = (kind: Refusal['kind'], why: string): Judgement => ({
    kind: 'refused',
    server,
    refusal: { kind, why },
  })
  if (packet.isCutOff) return refused('dhcp-offer', 'the OFFER ends within its options')
  if (packet.yiaddr === noAddress) return refused('dhcp-offer', 'the OFFER holds no address')
  const isPi3 = model.startsWith('3')
  const tftpServer = isPi3 ? romServer(packet, server) : eepromServer(packet, server)
  if (!tftpServer) return refused('dhcp-options', whyNoServer(packet))
  const netmask = addressOption(packet, dhcpOption.netmask) ?? network
  const senseless = whySenseless(packet.yiaddr, tftpServer, netmask)
  // On loopback everything is one machine's.
  if (senseless && !source.startsWith('127.'))
    return refused('dhcp-offer', `${server} offers ${packet.yiaddr}, ${senseless}`)
  if (isPi3 && !inSameSubnet(packet.yiaddr, tftpServer, netmask)) {
    const why = `the TFTP server ${tftpServer} is on another subnet than ${packet.yiaddr}`
    return refused('dhcp-offer', why)
  }
  const text = isPi3 ? bootString : bootString.trimEnd()
  const invites = packet.options.get(dhcpOption.vendorSpecific)?.includes(text) ?? false
  const offer = { address: packet.yiaddr, netmask, tftpServer, server, invites }
  return { kind: 'taken', server, offer }
}

/**
 * siaddr ("next-server") is not looked at, as the ROM does not. Where options 43 and 66 both name
 * a server, the one that comes later in the packet holds.
 */
function romServer(packet: DhcpPacket, server: Ipv4): Ipv4 | undefined {
  let found: Ipv4 | undefined
  for (const [code, value] of packet.options) {
    if (code === dhcpOption.vendorSpecific && value.includes(bootString)) found = server
    if (code === dhcpOption.tftpServer) found = quad(value) ?? found
  }
  return found
}

/** Option 66 goes before all; else the invitation of option 43 leads to siaddr, or to the DHCP server. */
function eepromServer({ options, siaddr }: DhcpPacket, server: Ipv4): Ipv4 | undefined {
  const named = quad(options.get(dhcpOption.tftpServer) ?? Buffer.alloc(0))
  if (named) return named
  const invites = options.get(dhcpOption.vendorSpecific)?.includes(bootString.trimEnd())
  if (!invites) return undefined
  return siaddr === noAddress ? server : siaddr
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

/** Why no board could use what is offered: it may come from any machine of the network. */
function whySenseless(address: Ipv4, tftpServer: Ipv4, netmask: Ipv4): string | undefined {
  if (!isNetmask(netmask)) return `and the netmask ${netmask}, which is none`
  if (!isHostAddress(address, netmask)) return 'which no board can have'
  if (address === tftpServer) return 'and files from that same address'
  return isHostAddress(tftpServer) ? undefined : `and files from ${tftpServer}, where no server is`
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
