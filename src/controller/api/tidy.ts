import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { tidied, tidyList } from '../../protocol/agent-api.ts'
import { muxerId } from '../../protocol/job.ts'
import { claimTidy, completeTidy } from '../queue/tidy.ts'
import type { Controller } from './controller.ts'
import { numberId, route } from './route.ts'

/** Inputs that are no longer needed. */
export function tidyRoutes(app: FastifyInstance, { queue }: Controller): void {
  const agent = { audience: 'agent', group: 'agents', method: 'POST' } as const
  route(
    app,
    {
      ...agent,
      url: '/v1/muxers/:muxer/tidy/claim',
      summary: 'inputs whose time of grace is over',
      params: z.object({ muxer: muxerId }),
      answer: tidyList,
    },
    async ({ params }) => ({ files: await claimTidy(queue, params.muxer) }),
  )
  route(
    app,
    {
      ...agent,
      url: '/v1/tidy/:id/complete',
      summary: 'what became of one',
      params: z.object({ id: numberId }),
      body: tidied,
    },
    async ({ params, body, request }) => {
      await completeTidy(queue, params.id, request.muxer, body)
      return {}
    },
  )
}
