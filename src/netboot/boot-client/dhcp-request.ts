import { quoted } from '../../errors.ts'
import { type Ipv4, ipv4 } from '../../farm/schema.ts'
import { type DhcpPorts, exchange } from './dhcp-exchange.ts'
import { addressBytes, type DhcpPacket, dhcpMessageType, dhcpOption } from './dhcp-packet.ts'
import type { BootOffer } from './offer.ts'
import type { Unsent } from './stop.ts'

/** What came back to one REQUEST. */
export type Granted =
  | {
      readonly kind: 'ack'
      readonly server: Ipv4
      readonly address: Ipv4
      readonly isAssumed?: true
    }
  | { readonly kind: 'nak'; readonly server: Ipv4; readonly why: string }
  | { readonly kind: 'silence' }
  | Unsent

/** The REQUEST for what was offered to this DISCOVER. */
export function requestPacket(discover: DhcpPacket, offer: BootOffer): DhcpPacket {
  return {
    ...discover,
    options: new Map([
      ...discover.options,
      [dhcpOption.messageType, Buffer.from([dhcpMessageType.request])],
      [dhcpOption.requestedAddress, addressBytes(offer.address)],
      [dhcpOption.serverId, addressBytes(offer.server)],
    ]),
  }
}

/** Sends one REQUEST and waits up to `wait` ms for its answer, from whichever server. */
export async function request(
  packet: DhcpPacket,
  wait: number,
  ports: DhcpPorts,
  signal?: AbortSignal,
): Promise<Granted> {
  let granted: Granted | undefined
  const hear = (reply: DhcpPacket, source: Ipv4): number | undefined => {
    granted ??= readAnswer(packet, reply, source)
    return granted && 0
  }
  const unsent = await exchange(packet, wait, ports, hear, signal)
  return granted ?? unsent ?? { kind: 'silence' }
}

function readAnswer(asked: DhcpPacket, reply: DhcpPacket, source: Ipv4): Granted | undefined {
  if (reply.isCutOff || reply.op !== 'reply' || reply.xid !== asked.xid || reply.mac !== asked.mac)
    return undefined
  const id = reply.options.get(dhcpOption.serverId)
  const server = id?.length === 4 ? ipv4.parse(id.join('.')) : source
  const type = reply.options.get(dhcpOption.messageType)?.[0]
  if (type === dhcpMessageType.ack) return { kind: 'ack', server, address: reply.yiaddr }
  if (type !== dhcpMessageType.nak) return undefined
  const message = reply.options.get(dhcpOption.message)?.toString('latin1')
  return { kind: 'nak', server, why: message ? `: ${quoted(message)}` : '' }
}
