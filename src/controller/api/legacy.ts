import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { failureReason, muxerId } from '../../protocol/job.ts'
import { claimNext } from '../queue/claim.ts'
import { complete } from '../queue/complete.ts'
import { fail } from '../queue/fail.ts'
import { findJob } from '../queue/find-jobs.ts'
import { meet } from '../queue/muxers.ts'
import { leaseLost } from '../queue/refused.ts'
import { claimTidy, completeTidy } from '../queue/tidy.ts'
import type { Controller } from './controller.ts'
import { numberId, route } from './route.ts'

const byMuxer = z.object({ muxer: muxerId })
const byJob = z.object({ muxer: muxerId, id: numberId })
const reported = z.object({ reason: failureReason.catch('FFmpegErr') })

/**
 * The routes of the muxer that was there first (get_jobs.py): it knows neither tokens nor leases nor
 * heartbeats, so they are open to whoever reaches the port, and its jobs are leased for long.
 */
export async function legacyRoutes(app: FastifyInstance, { queue }: Controller): Promise<void> {
  const form = { parseAs: 'string' } as const
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    form,
    async (_: unknown, text: string) => Object.fromEntries(new URLSearchParams(text)),
  )
  const open = { audience: 'open', group: 'original muxer', method: 'POST' } as const

  route(
    app,
    { ...open, url: '/muxer/:muxer', summary: 'the next job', params: byMuxer },
    async ({ params }) => {
      const muxer = await meet(queue, params.muxer)
      const claimer = { muxer: muxer.id, labels: JSON.parse(muxer.labels) }
      const mayWork = muxer.drained === 0 && muxer.quarantined === null
      const job = mayWork
        ? await claimNext(queue, claimer, queue.rules.legacyLeaseSeconds)
        : undefined
      if (job === undefined) return { status: 'empty' }
      return { status: 'ok', job: { id: String(job.id), path: job.path } }
    },
  )
  route(
    app,
    { ...open, url: '/muxer/inprocess/:muxer/:id', summary: 'it has begun', params: byJob },
    async ({ params }) => {
      await tokenOf(params)
      return { status: 'ok' }
    },
  )
  route(
    app,
    { ...open, url: '/muxer/complete/:muxer/:id', summary: 'it is done', params: byJob },
    async ({ params: { id, muxer } }) => {
      await complete(queue, id, muxer, { token: await tokenOf({ id, muxer }), result: null })
      return { status: 'ok' }
    },
  )
  route(
    app,
    {
      ...open,
      url: '/muxer/failed/:muxer/:id',
      summary: 'it failed, with a reason as a form',
      params: byJob,
      body: reported,
    },
    async ({ params: { id, muxer }, body: { reason } }) => {
      const retryable = reason === 'FFmpegErr'
      const token = await tokenOf({ id, muxer })
      await fail(queue, id, muxer, { token, reason, retryable, detail: '', argv: [], logTail: '' })
      return { status: 'ok' }
    },
  )
  route(
    app,
    { ...open, url: '/tidy/:muxer', summary: 'inputs to move to originals', params: byMuxer },
    async ({ params }) => {
      await meet(queue, params.muxer)
      // It can do nothing but move.
      const files = await claimTidy(queue, params.muxer, 'move')
      if (files.length === 0) return { status: 'empty' }
      return { status: 'ok', files: files.map(({ id, path }) => ({ id, path })) }
    },
  )
  route(
    app,
    { ...open, url: '/tidy/complete/:muxer/:id', summary: 'one was moved', params: byJob },
    async ({ params: { id, muxer } }) => {
      await completeTidy(queue, id, muxer, { outcome: 'moved', detail: '' })
      return { status: 'ok' }
    },
  )

  /** The lease that such a client does not know it has. */
  async function tokenOf({ id, muxer }: z.infer<typeof byJob>): Promise<string> {
    const job = await findJob(queue.db, id)
    if (job.state !== 'leased' || job.leased_by !== muxer || job.lease_token === null)
      throw leaseLost(id)
    return job.lease_token
  }
}
