import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import * as z from 'zod'
import type { Queue } from '../queue/queue.ts'
import { Refused } from '../queue/refused.ts'
import { beginSession, endSession, holdsSession, prolongSession } from '../queue/sessions.ts'
import { route } from './route.ts'

const cookie = 'pifarm_session'
const cookieSeconds = 24 * 3600

/** Scripts on other pages cannot send it without being asked first, and they are not allowed to. */
const pageHeader = 'x-pifarm-page'

declare module 'fastify' {
  interface FastifyRequest {
    /** The id of the session that it belongs to; empty for who shows a token, or nothing. */
    session: string
  }
}

/**
 * `POST /v1/session {token}` sets a cookie, for EventSource and a video element cannot send a header. It
 * holds no token, ends when the token is changed, and lasts a day after the page last asked for it.
 */
export function sessionRoutes(
  app: FastifyInstance,
  queue: Queue,
  admin: string,
  judge: (request: FastifyRequest, token: string) => void,
): void {
  app.decorateRequest('session', '')
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
    async ({ body, request, reply }) => {
      judge(request, body.token)
      const id = randomBytes(16).toString('hex')
      await beginSession(queue, id)
      setCookie(request, reply, `${id}.${sealOf(id, admin)}`, cookieSeconds)
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
    async ({ request, reply }) => {
      // Who shows the token needs no session.
      if (request.session === '') return {}
      await prolongSession(queue, request.session)
      setCookie(request, reply, shown(request), cookieSeconds)
      return {}
    },
  )
  route(
    app,
    {
      ...session,
      method: 'DELETE',
      audience: 'open',
      summary: 'end the session, for every copy of its cookie',
    },
    async ({ request, reply }) => {
      const id = sessionIn(shown(request), admin)
      if (id !== undefined) await endSession(queue, id)
      setCookie(request, reply, '', 0)
      return {}
    },
  )
}

/** Whether the request comes from a page that was signed in, and was meant by it. `wrong` answers a cookie that was made up. */
export async function isInSession(
  request: FastifyRequest,
  queue: Queue,
  admin: string,
  wrong: () => Refused,
): Promise<boolean> {
  const value = shown(request)
  if (value === '') return false
  const id = sessionIn(value, admin)
  if (id === undefined) throw wrong()
  if (!(await holdsSession(queue, id))) return false
  // SameSite does not tell the ports of one host apart: a form of another service here would pass.
  if (request.method !== 'GET' && request.headers[pageHeader] === undefined)
    throw new Refused(403, `a session changes something only with the header ${pageHeader}`)
  request.session = id
  return true
}

/** In a time that does not tell how much of it is right. */
export function isSame(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(one), hash(other))
}

function shown({ headers }: FastifyRequest): string {
  const found = new RegExp(`(?:^|;\\s*)${cookie}=([0-9a-f]{32}\\.[0-9a-f]{64})(?:;|$)`)
  return found.exec(headers.cookie ?? '')?.[1] ?? ''
}

/** The session of a cookie that was made with this admin token. One that was made up costs no look into the database. */
function sessionIn(value: string, admin: string): string | undefined {
  const [id = '', seal = ''] = value.split('.')
  return isSame(seal, sealOf(id, admin)) ? id : undefined
}

/** Who reads the ids in the database cannot go on with a session; who changes the token has ended them all. */
function sealOf(id: string, admin: string): string {
  return createHmac('sha256', admin).update(`session ${id}`).digest('hex')
}

function setCookie(
  request: FastifyRequest,
  reply: FastifyReply,
  value: string,
  seconds: number,
): void {
  const secure = request.protocol === 'https' ? '; Secure' : ''
  reply.header(
    'set-cookie',
    `${cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}${secure}`,
  )
}
