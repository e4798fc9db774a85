import { createSocket } from 'node:dgram'
import { type Ipv4, ipv4, type Model } from '../../farm/schema.ts'
import {
  type DhcpPacket,
  decodeDhcp,
  dhcpMessageType,
  dhcpOption,
  encodeDhcp,
} from './dhcp-packet.ts'
import { type BootOffer, judgeOffer } from './offer.ts'

/** Where DHCP is spoken; tests use other ports on loopback. */
export interface DhcpPorts {
  readonly client: number
  readonly server: number
  /** Where the DISCOVER is sent to. */
  readonly to: string
  /**
   * Asks as a relay at this address would: answers come to it, not to a board. That is how a DHCP
   * server can be asked from its own machine, which does not hear its own broadcasts.
   */
  readonly relay?: Ipv4
  /** Milliseconds to listen on after the first OFFER that would do: for a second server. Default 0. */
  readonly linger?: number
}

export const realDhcpPorts: DhcpPorts = { client: 68, server: 67, to: '255.255.255.255' }

/** What came back to one DISCOVER. */
export type Heard = { readonly answers: readonly Answer[] } & (
  | { readonly kind: 'offer'; readonly offer: BootOffer }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'silence' }
)

/** What one DHCP server said. */
export interface Answer {
  readonly server: Ipv4
  /** Why no board can boot by it; undefined where it can. */
  readonly refused: string | undefined
}

/**
 * Sends one DISCOVER and waits up to `wait` ms for an OFFER to boot by. Like the boot ROM it never
 * sends a REQUEST. Rejects where the network cannot be used at all.
 */
export function discover(
  packet: DhcpPacket,
  wait: number,
  ports: DhcpPorts,
  model: Model,
): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    const answers: Answer[] = []
    let offer: BootOffer | undefined
    let isOver = false
    let timer = setTimeout(() => end(), wait)

    function end(error?: Error): void {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      socket.close()
      if (error) reject(error)
      else resolve(heard(offer, answers))
    }

    socket.on('error', end)
    socket.on('message', (bytes, from) => {
      const reply = decodeDhcp(bytes)
      const source = ipv4.safeParse(from.address)
      if (!reply || !source.success || !isOfferTo(packet, reply)) return
      const judgement = judgeOffer(reply, source.data, model)
      const refused = judgement.kind === 'refused' ? judgement.why : undefined
      answers.push({ server: judgement.server, refused })
      if (judgement.kind === 'refused' || offer !== undefined) return
      offer = judgement.offer
      if (!ports.linger) return end()
      clearTimeout(timer)
      timer = setTimeout(() => end(), ports.linger)
    })
    socket.bind(ports.client, ports.relay, () => {
      socket.setBroadcast(true)
      const asked = ports.relay ? { ...packet, giaddr: ports.relay } : packet
      socket.send(encodeDhcp(asked), ports.server, ports.to, (error) => {
        if (error) end(error)
      })
    })
  })
}

/** Why this process may not speak DHCP, e.g. `EACCES`; undefined: it may. */
export function dhcpForbidden(ports: DhcpPorts): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(error.code ?? error.message)
    })
    socket.bind(ports.client, ports.relay, () => {
      socket.close()
      resolve(undefined)
    })
  })
}

function heard(offer: BootOffer | undefined, answers: readonly Answer[]): Heard {
  if (offer) return { kind: 'offer', offer, answers }
  const why = answers.at(-1)?.refused
  return why === undefined ? { kind: 'silence', answers } : { kind: 'refused', why, answers }
}

function isOfferTo(asked: DhcpPacket, reply: DhcpPacket): boolean {
  return (
    reply.op === 'reply' &&
    reply.xid === asked.xid &&
    reply.mac === asked.mac &&
    reply.options.get(dhcpOption.messageType)?.[0] === dhcpMessageType.offer
  )
}
