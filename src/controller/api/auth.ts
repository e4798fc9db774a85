import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Queue } from '../queue/queue.ts'
import { Refused } from '../queue/refused.ts'
import type { AgentTokens } from './agent-tokens.ts'
import { isInSession, isSame, sessionRoutes } from './session.ts'
import { wrongTokens } from './wrong-tokens.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The muxer whose agent asks; empty for everybody else. */
    muxer: string
    /** Who has shown that they may ask; empty for strangers. */
    caller: string
  }
}

export interface Tokens {
  readonly admin: string
  readonly agents: AgentTokens
}

/**
 * People show the admin token, or the cookie of a session, for EventSource and a video element
 * cannot send a header. Agents show their own token, which is good for their muxer alone.
 */
export function authorize(app: FastifyInstance, queue: Queue, tokens: Tokens): void {
  const wrong = wrongTokens()
  app.decorateRequest('muxer', '')
  app.decorateRequest('caller', '')

  app.addHook('onRequest', async (request) => {
    const { audience } = request.routeOptions.config
    if (audience === undefined || audience === 'open') return
    const token = bearer(request)
    const isIn = audience === 'admin' ? await isAdmin(request, token) : isAgent(request, token)
    if (isIn) return
    const hint =
      audience === 'admin'
        ? 'Authorization: Bearer with what stands in admin-token of the state directory'
        : 'Authorization: Bearer with what stands in /etc/pifarm-agent.token of the Pi'
    throw token === undefined
      ? new Refused(401, 'a token is needed', hint)
      : wrong(request.ip, hint)
  })

  async function isAdmin(request: FastifyRequest, token: string | undefined): Promise<boolean> {
    const isIn =
      token === undefined
        ? await isInSession(request, queue, tokens.admin, () =>
            wrong(request.ip, 'sign in again', 'session'),
          )
        : isSame(token, tokens.admin)
    if (isIn) request.caller = `people at ${request.ip}`
    return isIn
  }

  function isAgent(request: FastifyRequest, token: string | undefined): boolean {
    const muxer = token === undefined ? undefined : tokens.agents.muxerOf(token)
    if (muxer === undefined) return false
    const wanted = (request.params as { muxer?: string } | undefined)?.muxer
    if (wanted !== undefined && wanted !== muxer)
      throw new Refused(403, `this token is that of muxer ${muxer}`)
    request.muxer = muxer
    request.caller = `muxer ${muxer}`
    return true
  }

  sessionRoutes(app, queue, tokens.admin, (request, token) => {
    if (!isSame(token, tokens.admin)) throw wrong(request.ip, 'is it that of this controller?')
  })
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
}
