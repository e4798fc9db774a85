import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { completion, failure, heard, heartbeat, release } from '../../protocol/agent-api.ts'
import { complete } from '../queue/complete.ts'
import { fail } from '../queue/fail.ts'
import { renewLease } from '../queue/heartbeat.ts'
import { sawMuxer } from '../queue/muxers.ts'
import { releaseLease } from '../queue/release.ts'
import type { Controller } from './controller.ts'
import { numberId, route } from './route.ts'

/** An argv of 500 words of 4 KiB, and the tail of a log. */
const bodyLimit = 4 * 1024 * 1024

/** What an agent says of the job that it holds. Each is fenced by the token of the lease. */
export function leaseRoutes(app: FastifyInstance, { queue }: Controller): void {
  const agent = {
    audience: 'agent',
    group: 'agents',
    method: 'POST',
    params: z.object({ id: numberId }),
  } as const
  route(
    app,
    {
      ...agent,
      url: '/v1/jobs/:id/heartbeat',
      summary: 'keep the lease and tell the progress',
      body: heartbeat,
      answer: heard,
    },
    async ({ params, body, request }) => {
      const { cancel } = await renewLease(queue, params.id, request.muxer, body)
      const muxer = await sawMuxer(queue, request.muxer, { state: body.state })
      return {
        leaseSeconds: queue.rules.leaseSeconds,
        cancel,
        drain: muxer.drained === 1 || muxer.quarantined !== null,
      }
    },
  )
  route(
    app,
    {
      ...agent,
      url: '/v1/jobs/:id/complete',
      summary: 'it is done; the same token again is answered the same',
      body: completion,
      bodyLimit,
    },
    async ({ params, body, request }) => {
      await complete(queue, params.id, request.muxer, body)
      return {}
    },
  )
  route(
    app,
    {
      ...agent,
      url: '/v1/jobs/:id/fail',
      summary: 'the attempt failed',
      body: failure,
      bodyLimit,
    },
    async ({ params, body, request }) => {
      await fail(queue, params.id, request.muxer, body)
      return {}
    },
  )
  route(
    app,
    { ...agent, url: '/v1/jobs/:id/release', summary: 'give it back undone', body: release },
    async ({ params, body, request }) => {
      await releaseLease(queue, params.id, request.muxer, body)
      return {}
    },
  )
}
