import { createSocket } from 'node:dgram'
import { addAbortListener } from 'node:events'
import { type Ipv4, ipv4 } from '../../farm/schema.ts'
import { type DhcpPacket, decodeHeard, encodeDhcp } from './dhcp-packet.ts'
import { type Unsent, unsent } from './stop.ts'

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
  /** The network's, for an OFFER that brings none. */
  readonly netmask?: Ipv4
}

export const realDhcpPorts: DhcpPorts = { client: 68, server: 67, to: '255.255.255.255' }

/** Hears a packet; answers for how many ms more to listen, undefined: for as long as before. */
type Hear = (reply: DhcpPacket, source: Ipv4) => number | undefined

/**
 * Sends one packet and hands on what comes back until `wait` ms are over. Answers what kept it from
 * being sent; rejects when the signal fires.
 */
export function exchange(
  packet: DhcpPacket,
  wait: number,
  ports: DhcpPorts,
  hear: Hear,
  signal?: AbortSignal,
): Promise<Unsent | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    let timer = setTimeout(() => end(() => resolve(undefined)), wait)
    const aborted = signal && addAbortListener(signal, () => end(() => reject(signal.reason)))
    let isOver = false

    function end(tell: () => void): void {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      aborted?.[Symbol.dispose]()
      socket.close()
      tell()
    }

    const fail = (error: Error | null) => error && end(() => resolve(unsent(error)))
    socket.on('error', fail)
    socket.on('message', (bytes, from) => {
      const reply = decodeHeard(bytes)
      const source = ipv4.safeParse(from.address)
      const more = reply && source.success ? hear(reply, source.data) : undefined
      if (more === undefined) return
      if (more === 0) return end(() => resolve(undefined))
      clearTimeout(timer)
      timer = setTimeout(() => end(() => resolve(undefined)), more)
    })
    socket.bind(ports.client, ports.relay, () => {
      if (isOver) return
      socket.setBroadcast(true)
      const asked = ports.relay ? { ...packet, giaddr: ports.relay } : packet
      socket.send(encodeDhcp(asked), ports.server, ports.to, fail)
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
