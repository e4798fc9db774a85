import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { quoted } from '../../errors.ts'

/** The longest part of a path that a route takes. */
export const longestPathPart = 2048

/** What reaches no route, answered in the form of every other error. */
export const brokenRequests = {
  /** A path that cannot be read. */
  frameworkErrors: ({ code }: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    if (code === 'FST_ERR_MAX_PARAM_LENGTH')
      reply
        .status(414)
        .send({ error: `a part of the path is longer than ${longestPathPart} characters` })
    else
      reply
        .status(400)
        .send({ error: `${quoted(request.url)} is no path of a URL`, hint: 'a % in it is %25' })
  },

  /** What is no request, or never becomes one. There is no reply to send: only the connection. */
  clientErrorHandler: ({ code }: ConnectionError, socket: Socket): void => {
    if (code === 'ECONNRESET' || socket.destroyed) return
    const [status, error] = answers[code ?? ''] ?? ['400 Bad Request', 'this is no HTTP request']
    const body = JSON.stringify({ error })
    const head = [
      `HTTP/1.1 ${status}`,
      'connection: close',
      'content-type: application/json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
    ]
    if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
    socket.destroySoon()
  },
}

const answers: Record<string, readonly [status: string, error: string]> = {
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'the request did not come to its end in time'],
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'the headers are larger than 16 KiB',
  ],
}
