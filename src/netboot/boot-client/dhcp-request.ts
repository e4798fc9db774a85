import { createSocket } from 'node:dgram'
import { quoted } from '../../errors.ts'
import { type Ipv4, ipv4 } from '../../farm/schema.ts'
import type { DhcpPorts } from './dhcp-client.ts'
import {
  addressBytes,
  type DhcpPacket,
  decodeDhcp,
  dhcpMessageType,
  dhcpOption,
  encodeDhcp,
} from './dhcp-packet.ts'
import type { BootOffer } from './offer.ts'

/** What came back to one REQUEST. */
export type Granted =
  | { readonly kind: 'ack'; readonly server: Ipv4; readonly address: Ipv4 }
  | { readonly kind: 'nak'; readonly server: Ipv4; readonly why: string }
  | { readonly kind: 'silence' }

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
export function request(packet: DhcpPacket, wait: number, ports: DhcpPorts): Promise<Granted> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    const timer = setTimeout(() => end({ kind: 'silence' }), wait)
    let isOver = false

    function end(answer: Granted | Error): void {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      socket.close()
      if (answer instanceof Error) reject(answer)
      else resolve(answer)
    }

    socket.on('error', end)
    socket.on('message', (bytes, from) => {
      const reply = decodeDhcp(bytes)
      const source = ipv4.safeParse(from.address)
      const granted = reply && source.success && readAnswer(packet, reply, source.data)
      if (granted) end(granted)
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

function readAnswer(asked: DhcpPacket, reply: DhcpPacket, source: Ipv4): Granted | undefined {
  if (reply.op !== 'reply' || reply.xid !== asked.xid || reply.mac !== asked.mac) return undefined
  const id = reply.options.get(dhcpOption.serverId)
  const server = id?.length === 4 ? ipv4.parse(id.join('.')) : source
  const type = reply.options.get(dhcpOption.messageType)?.[0]
  if (type === dhcpMessageType.ack) return { kind: 'ack', server, address: reply.yiaddr }
  if (type !== dhcpMessageType.nak) return undefined
  const message = reply.options.get(dhcpOption.message)?.toString('latin1')
  return { kind: 'nak', server, why: message ? `: ${quoted(message)}` : '' }
}
