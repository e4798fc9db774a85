import type { Ipv4, Model } from '../../farm/schema.ts'
import { type DhcpPorts, exchange } from './dhcp-exchange.ts'
import { type DhcpPacket, dhcpMessageType, dhcpOption } from './dhcp-packet.ts'
import { type BootOffer, judgeOffer, type Refusal } from './offer.ts'
import type { Unsent } from './stop.ts'

/** What came back to one DISCOVER. */
export type Heard = { readonly answers: readonly Answer[] } & (
  | { readonly kind: 'offer'; readonly offer: BootOffer }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  | { readonly kind: 'silence' }
  | Unsent
)

/** What one DHCP server said. */
export interface Answer {
  readonly server: Ipv4
  /** Why no board can boot by it; undefined where it can. */
  readonly refused: string | undefined
}

/** Of a server that floods the network no more is kept. */
const mostAnswers = 16

/**
 * Sends one DISCOVER and waits up to `wait` ms for an OFFER to boot by. Like the boot ROM it never
 * sends a REQUEST. Rejects when the signal fires.
 */
export async function discover(
  packet: DhcpPacket,
  wait: number,
  ports: DhcpPorts,
  model: Model,
  signal?: AbortSignal,
): Promise<Heard> {
  const answers: Answer[] = []
  let offer: BootOffer | undefined
  let refusal: Refusal | undefined
  const hear = (reply: DhcpPacket, source: Ipv4): number | undefined => {
    if (!isOfferTo(packet, reply)) return undefined
    const judgement = judgeOffer(reply, source, model, ports.netmask)
    const isRefused = judgement.kind === 'refused'
    if (answers.length < mostAnswers)
      answers.push({
        server: judgement.server,
        refused: isRefused ? judgement.refusal.why : undefined,
      })
    if (isRefused) refusal = judgement.refusal
    if (isRefused || offer !== undefined) return undefined
    offer = judgement.offer
    return ports.linger ?? 0
  }
  const unsent = await exchange(packet, wait, ports, hear, signal)
  if (offer) return { kind: 'offer', offer, answers }
  if (refusal) return { kind: 'refused', refusal, answers }
  return { ...(unsent ?? { kind: 'silence' }), answers }
}

function isOfferTo(asked: DhcpPacket, reply: DhcpPacket): boolean {
  return (
    reply.op === 'reply' &&
    reply.xid === asked.xid &&
    reply.mac === asked.mac &&
    reply.options.get(dhcpOption.messageType)?.[0] === dhcpMessageType.offer
  )
}
