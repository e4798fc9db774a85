import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Longer than any request of ours takes once waiting ones are answered; systemd kills after 45 s. */
const graceMs = 10_000

/** How the server ends: running requests are answered, and who takes no answer is let go. */
export function closeInTime(app: FastifyInstance): void {
  const sockets = new Set<Socket>()
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  app.addHook('preClose', async () => {
    // A connection whose last answer came after the closing began would be waited for while it is kept alive.
    const idle = setInterval(() => app.server.closeIdleConnections(), 100)
    // Node's own time limits end with the closing: half a request would be waited for without end.
    const late = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, graceMs)
    app.server.once('close', () => {
      clearInterval(idle)
      clearTimeout(late)
    })
  })
}
