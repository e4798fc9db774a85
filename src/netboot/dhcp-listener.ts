import { createSocket } from 'node:dgram'
import { on } from 'node:events'
import { decodeDhcp } from './boot-client/dhcp-packet.ts'
import type { BootEvent } from './boot-log.ts'
import { readPxe } from './pxe-client.ts'

/**
 * Hears what booting Pis broadcast, beside the DHCP server: dhcpd takes its packets off the
 * interface itself, so that a socket which shares the port takes nothing from it. Undefined where
 * the port cannot be had: then the log has to do; and where there is nothing left to wait for.
 */
export async function listenForPis(
  signal: AbortSignal,
  now: () => Date,
  port = 67,
): Promise<AsyncIterable<BootEvent> | undefined> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  const isBound = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false))
    socket.bind(port, () => resolve(true))
  })
  // `on` throws where its signal was aborted before: a short time to listen may be over by now.
  if (!isBound || signal.aborted) {
    socket.close()
    return undefined
  }
  const messages = on(socket, 'message', { signal })
  return (async function* () {
    try {
      for await (const [bytes] of messages) {
        const packet = decodeDhcp(bytes as Buffer)
        const pxe = packet && readPxe(packet)
        if (pxe) yield { kind: 'pxe', ...pxe, time: now().getTime() } as const
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      socket.close()
    }
  })()
}
