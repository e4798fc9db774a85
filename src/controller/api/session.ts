import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'
import { Refused } from '../queue/refused.ts'
import { route } from './route.ts'

const cookie = 'pifarm_session'
const sessionSeconds = 24 * 3600

/** Scripts on other pages cannot send it without being asked first, and they are not allowed to. */
const pageHeader = 'x-pifarm-page'

/**
 * `POST /v1/session {token}` sets a cookie, for EventSource and a video element cannot send a header. It
 * holds no token, ends when the token is changed, and lasts a day after the page last asked for it.
 */
export function sessionRoutes(
  app: FastifyInstance,
  admin: string,
  judge: (request: FastifyRequest, token: string) => void,
): void {
  const session = { url: '/v1/session', group: 'people', bodyLimit: 4096 } as const
  route(
    app,
    {
      ...session,
      method: 'POST',
      audience: 'open',
      summary: 'exchange the admin token for a session cookie',
      body: z.strictObject({ token: z.string().max(512) }),
    },
    ({ body, request, reply }) => {
      judge(request, body.token)
      begin(request, reply, admin)
      return {}
    },
  )
  route(
    app,
    {
      ...session,
      method: 'GET',
      audience: 'admin',
      summary: 'whether the session holds; it does for another day then',
    },
    ({ request, reply }) => {
      begin(request, reply, admin)
      return {}
    },
  )
  route(
    app,
    { ...session, method: 'DELETE', audience: 'open', summary: 'end the session' },
    ({ request, reply }) => {
      seal(request, reply, '', 0)
      return {}
    },
  )
}

/** Whether the request comes from a page that was signed in, and was meant by it. */
export function isInSession(request: FastifyRequest, admin: string): boolean {
  const [, until, signature] =
    new RegExp(`(?:^|;\\s*)${cookie}=(\\d{1,12})\\.([0-9a-f]{64})`).exec(
      request.headers.cookie ?? '',
    ) ?? []
  if (until === undefined || signature === undefined) return false
  if (!isSame(signature, sign(until, admin)) || Number(until) <= Date.now() / 1000) return false
  // SameSite does not tell the ports of one host apart: a form of another service here would pass.
  if (request.method !== 'GET' && request.headers[pageHeader] === undefined)
    throw new Refused(403, `a session changes something only with the header ${pageHeader}`)
  return true
}

/** In a time that does not tell how much of it is right. */
export function isSame(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(one), hash(other))
}

function begin(request: FastifyRequest, reply: FastifyReply, admin: string): void {
  const until = String(Math.floor(Date.now() / 1000) + sessionSeconds)
  seal(request, reply, `${until}.${sign(until, admin)}`, sessionSeconds)
}

function seal(request: FastifyRequest, reply: FastifyReply, value: string, seconds: number): void {
  const secure = request.protocol === 'https' ? '; Secure' : ''
  reply.header(
    'set-cookie',
    `${cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`,
  )
}

function sign(text: string, admin: string): string {
  return createHmac('sha256', admin).update(`session ${text}`).digest('hex')
}
