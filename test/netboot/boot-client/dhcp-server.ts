import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  type DhcpPacket,
  decodeDhcp,
  encodeDhcp,
} from '../../../src/netboot/boot-client/dhcp-packet.ts'

export interface DhcpServer {
  readonly port: number
  /** The DISCOVERs, in order. */
  readonly heard: DhcpPacket[]
  close(): Promise<void>
}

/** Answers each DISCOVER on loopback with the packets that `answers` makes of it. */
export async function startDhcpServer(
  answers: (asked: DhcpPacket, nth: number) => readonly (DhcpPacket | Buffer)[],
): Promise<DhcpServer> {
  const socket = createSocket('udp4')
  const heard: DhcpPacket[] = []
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  socket.on('message', (bytes, from) => {
    const asked = decodeDhcp(bytes)
    if (!asked) return
    heard.push(asked)
    for (const answer of answers(asked, heard.length)) {
      const packet = Buffer.isBuffer(answer) ? answer : encodeDhcp(answer)
      socket.send(packet, from.port, '127.0.0.1')
    }
  })
  return {
    port: socket.address().port,
    heard,
    close: () => new Promise<void>((done) => socket.close(done)),
  }
}
