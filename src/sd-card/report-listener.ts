import { randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import * as z from 'zod'
import { UserError } from '../errors.ts'
import { ipv4, mac, serial } from '../farm/schema.ts'

const longestBody = 1024
const mostConnections = 64

const hex = z.string().regex(/^[0-9a-fA-F]{1,8}$/)

/** What a board tells of itself. It comes off the network: nothing but what fits gets through. */
const report = z.strictObject({
  mac,
  serial,
  revision: hex.or(z.literal('')),
  model: z.string().regex(/^[\x20-\x7e]{0,60}$/),
  otp17: hex.or(z.literal('')),
})
export type Report = z.infer<typeof report> & {
  /** Where it came from. */
  readonly address: string
}

export interface ReportListener {
  /** Where a board posts to. The last part is a secret of this run. */
  readonly url: string
  close(): void
}

/** Listens for reports at `address`; port 0 takes a free one. Throws a `UserError` where it cannot. */
export async function listenForReports(
  at: { readonly address: string; readonly port: number },
  tell: { readonly report: (report: Report) => void; readonly refused: (why: string) => void },
): Promise<ReportListener> {
  const token = randomBytes(16).toString('hex')
  const server = createServer(
    // Node looks for those that are over their time only every 30 s unless told.
    { requestTimeout: 10_000, headersTimeout: 5_000, connectionsCheckingInterval: 1_000 },
    (request, response) => {
      const from = request.socket.remoteAddress ?? 'an unknown address'
      answer(request, token).then(
        (body) => {
          response.writeHead(204, { connection: 'close' }).end()
          tell.report({ ...body, address: ipv4.safeParse(from).data ?? '' })
        },
        (error) => refuse(error, response, from),
      )
    },
  )
  const open = new Set<Socket>()
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    // Not `maxConnections`, which turns the new one away: a report takes milliseconds, so that the
    // oldest is one that only holds its place.
    const [oldest] = open
    if (open.size > mostConnections) oldest?.destroy()
  })

  function refuse(error: unknown, response: ServerResponse, from: string): void {
    const status = error instanceof Refusal ? error.status : 500
    response.writeHead(status, { connection: 'close' }).end()
    tell.refused(`${from}: ${error instanceof Refusal ? error.message : 'the request broke off'}`)
  }

  server.listen(at.port, at.address)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new UserError(`cannot listen for reports: ${why}`, {
      hint: 'name an address of this machine: --listen 10.77.0.1:8017',
      cause,
    })
  }
  const bound = server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : at.port
  return {
    url: `http://${at.address}:${port}/${token}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Why a request is not taken. */
class Refusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

async function answer(request: IncomingMessage, token: string): Promise<z.infer<typeof report>> {
  const wanted = Buffer.from(`/${token}`)
  const asked = Buffer.from(request.url ?? '')
  if (asked.length !== wanted.length || !timingSafeEqual(asked, wanted))
    throw new Refusal(404, 'a request without the secret of this run')
  if (request.method !== 'POST') throw new Refusal(405, 'a request that is no POST')
  const parsed = report.safeParse(await readJson(request))
  if (!parsed.success) throw new Refusal(400, 'a report that is not in order')
  return parsed.data
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length
    if (size > longestBody) throw new Refusal(413, 'a report that is too long')
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw new Refusal(400, 'a report that is no JSON')
  }
}
