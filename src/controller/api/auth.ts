import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refused } from '../queue/refused.ts'
import type { AgentTokens } from './agent-tokens.ts'
import { isInSession, isSame, sessionRoutes } from './session.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The muxer whose agent asks; empty for everybody else. */
    muxer: string
  }
}

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
    refuseGuessing(request)
    const token = bearer(request)
    const isIn =
      audience === 'admin' ? isAdmin(request, token, tokens.admin) : isAgent(request, token)
    if (isIn) return
    if (token !== undefined) countFailure(request)
    throw new Refused(
      401,
      token === undefined ? 'a token is needed' : 'this token is not known',
      audience === 'admin'
        ? 'Authorization: Bearer with what stands in admin-token of the state directory'
        : 'Authorization: Bearer with what stands in /etc/pifarm-agent.token of the Pi',
    )
  })

  function refuseGuessing({ ip }: FastifyRequest): void {
    if ((failures.get(ip) ?? 0) >= failuresAllowed)
      throw new Refused(429, 'too many wrong tokens from this address', 'wait a minute')
  }

  function countFailure({ ip }: FastifyRequest): void {
    failures.set(ip, (failures.get(ip) ?? 0) + 1)
  }

  function isAgent(request: FastifyRequest, token: string | undefined): boolean {
    const muxer = token === undefined ? undefined : tokens.agents.muxerOf(token)
    if (muxer === undefined) return false
    const wanted = (request.params as { muxer?: string } | undefined)?.muxer
    if (wanted !== undefined && wanted !== muxer)
      throw new Refused(403, `this token is that of muxer ${muxer}`)
    request.muxer = muxer
    return true
  }

  sessionRoutes(app, tokens.admin, (request, token) => {
    refuseGuessing(request)
    if (isSame(token, tokens.admin)) return
    countFailure(request)
    throw new Refused(401, 'this token is not known', 'is it that of this controller?')
  })
}

function isAdmin(request: FastifyRequest, token: string | undefined, admin: string): boolean {
  return token === undefined ? isInSession(request, admin) : isSame(token, admin)
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
}
