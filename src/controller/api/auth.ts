import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { Refused } from '../queue/refused.ts'
import type { AgentTokens } from './agent-tokens.ts'
import { route } from './route.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The muxer whose agent asks; empty for everybody else. */
    muxer: string
  }
}

const cookie = 'pifarm_session'
const sessionSeconds = 30 * 24 * 3600
const failuresAllowed = 20
const failuresForgottenMs = 60_000

export interface Tokens {
  readonly admin: string
  readonly agents: AgentTokens
}

/**
 * People show the admin token, or the cookie of a session, for EventSource and a video element
 * cannot send a header. Agents show their own token, which is good for their muxer alone.
 */
export function authorize(app: FastifyInstance, tokens: Tokens): void {
  const failures = new Map<string, number>()
  const forget = setInterval(() => failures.clear(), failuresForgottenMs).unref()
  app.addHook('onClose', async () => clearInterval(forget))
  app.decorateRequest('muxer', '')

  app.addHook('onRequest', async (request) => {
    const { audience } = request.routeOptions.config
    if (audience === undefined || audience === 'open') return
    if ((failures.get(request.ip) ?? 0) >= failuresAllowed)
      throw new Refused(429, 'too many wrong tokens from this address', 'wait a minute')
    const token = bearer(request)
    const isIn =
      audience === 'admin' ? isAdmin(request, token, tokens.admin) : isAgent(request, token)
    if (isIn) return
    failures.set(request.ip, (failures.get(request.ip) ?? 0) + 1)
    throw new Refused(
      401,
      token === undefined ? 'a token is needed' : 'this token is not known',
      audience === 'admin'
        ? 'Authorization: Bearer with what stands in admin-token of the state directory'
        : 'Authorization: Bearer with what stands in /etc/pifarm-agent.token of the Pi',
    )
  })

  function isAgent(request: FastifyRequest, token: string | undefined): boolean {
    const muxer = token === undefined ? undefined : tokens.agents.muxerOf(token)
    if (muxer === undefined) return false
    const wanted = (request.params as { muxer?: string } | undefined)?.muxer
    if (wanted !== undefined && wanted !== muxer)
      throw new Refused(403, `this token is that of muxer ${muxer}`)
    request.muxer = muxer
    return true
  }

  addSession(app, tokens.admin)
}

/** `POST /v1/session {token}` sets the cookie. It holds no token, and ends when the token is changed. */
function addSession(app: FastifyInstance, admin: string): void {
  const login = { url: '/v1/session', group: 'people', bodyLimit: 4096 } as const
  const seal = (request: FastifyRequest, value: string, seconds: number): string =>
    `${cookie}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${seconds}` +
    (request.protocol === 'https' ? '; Secure' : '')
  route(
    app,
    {
      ...login,
      method: 'POST',
      audience: 'open',
      summary: 'exchange the admin token for a session cookie',
      body: z.strictObject({ token: z.string().max(512) }),
    },
    ({ body, request, reply }) => {
      if (!isSame(body.token, admin)) throw new Refused(401, 'this token is not known')
      const until = String(Math.floor(Date.now() / 1000) + sessionSeconds)
      const value = `${until}.${sign(until, admin)}`
      reply.header('set-cookie', seal(request, value, sessionSeconds))
      return {}
    },
  )
  route(
    app,
    { ...login, method: 'GET', audience: 'admin', summary: 'whether the session holds' },
    () => ({}),
  )
  route(
    app,
    { ...login, method: 'DELETE', audience: 'open', summary: 'end the session' },
    ({ request, reply }) => {
      reply.header('set-cookie', seal(request, '', 0))
      return {}
    },
  )
}

function isAdmin(request: FastifyRequest, token: string | undefined, admin: string): boolean {
  if (token !== undefined) return isSame(token, admin)
  const value = new RegExp(`(?:^|;\\s*)${cookie}=(\\d{1,12})\\.([0-9a-f]{64})`).exec(
    request.headers.cookie ?? '',
  )
  if (value?.[1] === undefined || value[2] === undefined) return false
  return isSame(value[2], sign(value[1], admin)) && Number(value[1]) > Date.now() / 1000
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
}

function sign(text: string, admin: string): string {
  return createHmac('sha256', admin).update(`session ${text}`).digest('hex')
}

/** In a time that does not tell how much of it is right. */
function isSame(one: string, other: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(hash(one), hash(other))
}
