import { sql } from 'kysely'
import type { MuxResult } from '../../protocol/job.ts'
import { endAttempt, leasedJob, noLease } from './end-attempt.ts'
import { jobView } from './job-view.ts'
import type { Queue } from './queue.ts'
import { leaseLost } from './refused.ts'
import { announce } from './webhooks.ts'

interface Done {
  readonly token: string
  readonly result: MuxResult | null
  readonly argv?: readonly string[]
}

/**
 * Ends a job well. The same token again is the same answer: the first may have been lost on its
 * way. `result` is null from a client of the original's routes, which tells none.
 */
export async function complete(
  queue: Queue,
  id: number,
  muxer: string,
  { token, result, argv = [] }: Done,
): Promise<void> {
  const { db, bulletin, rules } = queue
  const isNew = await db.write(async (trx) => {
    const job = await leasedJob(queue, trx, id, muxer, token)
    if (job === undefined) {
      const before = await trx
        .selectFrom('attempts')
        .select('outcome')
        .where('token', '=', token)
        .where('job_id', '=', id)
        .where('muxer', '=', muxer)
        .executeTakeFirst()
      if (before?.outcome !== 'complete') throw leaseLost(id)
      return false
    }
    await endAttempt(queue, trx, job, { outcome: 'complete', argv })
    const done = await trx
      .updateTable('jobs')
      .set({
        ...noLease,
        state: 'done',
        ended_at: db.now,
        result: result === null ? null : JSON.stringify(result),
        video_seconds: result?.durationSeconds ?? null,
        failure_reason: null,
        failure_detail: null,
        cancel_requested: 0,
      })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
    if (rules.tidy.policy !== 'keep')
      await trx
        .insertInto('tidy')
        .values({
          job_id: id,
          path: job.path,
          policy: rules.tidy.policy,
          due_at: sql<number>`${db.now} + ${rules.tidy.afterSeconds * 1000}`,
          detail: '',
        })
        .execute()
    await announce(queue, trx, done.webhook, 'job.ready', jobView(done))
    return true
  })
  if (isNew) bulletin.tell({ kind: 'job', id }, { kind: 'muxer', id: muxer })
}
