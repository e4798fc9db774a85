import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { claim, claimed, registered, registration } from '../../protocol/agent-api.ts'
import { muxerId } from '../../protocol/job.ts'
import { muxerList, muxerView } from '../../protocol/views.ts'
import type { ClaimedRow } from '../queue/claim.ts'
import { drain, muxerViews, register, resume, sawMuxer } from '../queue/muxers.ts'
import { unknownMuxer } from '../queue/refused.ts'
import { releaseLease } from '../queue/release.ts'
import type { Waiting } from '../queue/wait-for-job.ts'
import type { Controller } from './controller.ts'
import { route } from './route.ts'

const one = z.object({ muxer: muxerId })

/** Muxers: what agents say of themselves, what people see and set. */
export function muxerRoutes(app: FastifyInstance, controller: Controller, waiting: Waiting): void {
  const { queue, stopping } = controller
  const { rules } = queue
  const agent = { audience: 'agent', group: 'agents', method: 'POST', params: one } as const
  route(
    app,
    {
      ...agent,
      url: '/v1/muxers/:muxer/register',
      summary: 'an agent has started',
      body: registration,
      answer: registered,
    },
    async ({ params, body }) => {
      await register(queue, params.muxer, body)
      return { ...renewal(), muxer: params.muxer }
    },
  )
  route(
    app,
    {
      ...agent,
      url: '/v1/muxers/:muxer/claim',
      summary: 'wait for a job: 200 one, 204 none, 423 drained or set aside',
      body: claim,
      answer: claimed,
      unlimited: true,
    },
    async ({ params, body, request, reply }) => {
      const muxer = await sawMuxer(queue, params.muxer, body)
      if (muxer.drained === 1 || muxer.quarantined !== null) {
        reply.status(423).header('retry-after', '30')
        return { error: muxer.quarantined ?? 'drained by a person' } as never
      }
      const mayWork = body.state.locked === null && body.state.trouble === null
      const gone = AbortSignal.any([stopping, whenGone(reply.raw)])
      const job =
        mayWork && body.waitSeconds > 0
          ? await waiting.next(
              { muxer: params.muxer, labels: JSON.parse(muxer.labels) },
              body.waitSeconds,
              gone,
            )
          : undefined
      if (job === undefined) {
        reply.status(204).send()
        return undefined
      }
      // It left while it waited: nobody would work on the job until the lease ends.
      if (request.raw.socket.destroyed) {
        const why = 'its muxer had gone when it was handed out'
        await releaseLease(queue, job.id, params.muxer, { token: job.lease_token, why })
        return undefined
      }
      return claimedView(job)
    },
  )

  const admin = { audience: 'admin', group: 'muxers', params: one, answer: muxerView } as const
  route(
    app,
    {
      audience: 'admin',
      group: 'muxers',
      method: 'GET',
      url: '/v1/muxers',
      summary: 'all muxers',
      answer: muxerList,
    },
    async () => ({ muxers: await muxerViews(queue.db) }),
  )
  const view = async (id: string) => {
    const [muxer] = await muxerViews(queue.db, id)
    if (muxer === undefined) throw unknownMuxer(id)
    return muxer
  }
  route(
    app,
    { ...admin, method: 'GET', url: '/v1/muxers/:muxer', summary: 'one muxer' },
    ({ params }) => view(params.muxer),
  )
  route(
    app,
    {
      ...admin,
      method: 'POST',
      url: '/v1/muxers/:muxer/drain',
      summary: 'let it finish its job and give it no other',
    },
    async ({ params }) => {
      await drain(queue, params.muxer)
      return await view(params.muxer)
    },
  )
  route(
    app,
    {
      ...admin,
      method: 'POST',
      url: '/v1/muxers/:muxer/resume',
      summary: 'give it jobs again, also after it was set aside',
    },
    async ({ params }) => {
      await resume(queue, params.muxer)
      return await view(params.muxer)
    },
  )

  function renewal() {
    return { leaseSeconds: rules.leaseSeconds, renewSeconds: rules.renewSeconds }
  }

  function claimedView(job: ClaimedRow) {
    return {
      job: { id: String(job.id), path: job.path, settings: JSON.parse(job.settings) },
      lease: { token: job.lease_token, attempt: job.attempt, ...renewal() },
    }
  }
}

/** Of the answer, not of the connection, which one agent's many requests share. */
function whenGone(answer: NodeJS.EventEmitter & { readonly destroyed: boolean }): AbortSignal {
  const gone = new AbortController()
  if (answer.destroyed) gone.abort()
  else answer.once('close', () => gone.abort())
  return gone.signal
}
