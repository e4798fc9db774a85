import { createSocket } from 'node:dgram'
import { ipv4 } from '../../farm/schema.ts'
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
}

export const realDhcpPorts: DhcpPorts = { client: 68, server: 67, to: '255.255.255.255' }

/** What came back to one DISCOVER. */
export type Heard =
  | { readonly kind: 'offer'; readonly offer: BootOffer }
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'silence' }

/**
 * Sends one DISCOVER and waits up to `wait` ms for an OFFER to boot by. Like the boot ROM it never
 * sends a REQUEST. Rejects where the network cannot be used at all.
 */
export function discover(packet: DhcpPacket, wait: number, ports: DhcpPorts): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    let heard: Heard = { kind: 'silence' }
    let isOver = false
    const timer = setTimeout(() => end(), wait)

    function end(error?: Error): void {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      socket.close()
      if (error) reject(error)
      else resolve(heard)
    }

    socket.on('error', end)
    socket.on('message', (bytes, from) => {
      const reply = decodeDhcp(bytes)
      const source = ipv4.safeParse(from.address)
      if (!reply || !source.success || !isOfferTo(packet, reply)) return
      const judgement = judgeOffer(reply, source.data)
      if (judgement.kind === 'refused') {
        heard = judgement
        return
      }
      heard = { kind: 'offer', offer: judgement.offer }
      end()
    })
    socket.bind(ports.client, () => {
      socket.setBroadcast(true)
      socket.send(encodeDhcp(packet), ports.server, ports.to, (error) => {
        if (error) end(error)
      })
    })
  })
}

function isOfferTo(asked: DhcpPacket, reply: DhcpPacket): boolean {
  return (
    reply.op === 'reply' &&
    reply.xid === asked.xid &&
    reply.mac === asked.mac &&
    reply.options.get(dhcpOption.messageType)?.[0] === dhcpMessageType.offer
  )
}
