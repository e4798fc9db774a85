import { sql, type Transaction } from 'kysely'
import type { Failure } from '../../protocol/agent-api.ts'
import type { Tables } from '../db/tables.ts'
import type { ClaimedRow } from './claim.ts'
import { type Ending, endAttempt, leasedJob, noLease } from './end-attempt.ts'
import { jobView } from './job-view.ts'
import type { Queue } from './queue.ts'
import { leaseLost } from './refused.ts'
import { afterFailure, failuresInRow, isSuspect } from './retry-policy.ts'
import { announce } from './webhooks.ts'

/** Ends an attempt badly: the job waits for another, or is given up. */
export async function fail(
  queue: Queue,
  id: number,
  muxer: string,
  { token, reason, retryable, detail, argv, logTail }: Failure,
): Promise<void> {
  await queue.db.write(async (trx) => {
    const job = await leasedJob(queue, trx, id, muxer, token)
    if (job === undefined) {
      if (await alreadyFailed(trx, id, muxer, token)) return
      throw leaseLost(id)
    }
    // What would fail anywhere is no fault of the muxer's.
    const ending = {
      outcome: 'failed',
      blamesMuxer: retryable,
      reason,
      detail,
      argv,
      logTail,
    } as const
    await moveOn(queue, trx, job, ending, retryable)
  })
  queue.bulletin.tell({ kind: 'job', id }, { kind: 'muxer', id: muxer })
}

/** The first answer may have been lost on its way. */
async function alreadyFailed(
  trx: Transaction<Tables>,
  id: number,
  muxer: string,
  token: string,
): Promise<boolean> {
  const before = await trx
    .selectFrom('attempts')
    .select('outcome')
    .where('token', '=', token)
    .where('job_id', '=', id)
    .where('muxer', '=', muxer)
    .executeTakeFirst()
  return before?.outcome === 'failed'
}

/** After a failed or expired attempt: what becomes of the job, and of the muxer. */
export async function moveOn(
  queue: Queue,
  trx: Transaction<Tables>,
  job: ClaimedRow,
  ending: Ending,
  retryable: boolean,
): Promise<void> {
  const { db, rules } = queue
  await endAttempt(queue, trx, job, ending)
  const failures = job.failures + 1
  const next = afterFailure(
    { retryable, failures, muxers: await muxersThatFailed(trx, job) },
    rules.random,
  )
  const detail = [ending.detail ?? '', next.kind === 'dead' ? `given up: ${next.why}` : '']
  const set = {
    ...noLease,
    failures,
    failure_reason: ending.reason ?? job.failure_reason,
    failure_detail: detail.filter((text) => text !== '').join('; '),
  }
  if (job.cancel_requested === 1) {
    const state = { state: 'cancelled', ended_at: db.now, cancel_requested: 0 } as const
    await trx
      .updateTable('jobs')
      .set({ ...set, ...state })
      .where('id', '=', job.id)
      .execute()
  } else if (next.kind === 'again') {
    const run_at = sql<number>`${db.now} + ${Math.round(next.delaySeconds * 1000)}`
    const state = { state: 'queued', run_at } as const
    await trx
      .updateTable('jobs')
      .set({ ...set, ...state })
      .where('id', '=', job.id)
      .execute()
  } else {
    const ended = await trx
      .updateTable('jobs')
      .set({ ...set, state: next.kind, ended_at: db.now })
      .where('id', '=', job.id)
      .returningAll()
      .executeTakeFirstOrThrow()
    await announce(queue, trx, ended.webhook, 'job.failed', jobView(ended))
  }
  if (ending.blamesMuxer && job.leased_by !== null) await judgeMuxer(trx, job.leased_by)
}

async function muxersThatFailed(trx: Transaction<Tables>, job: ClaimedRow): Promise<number> {
  const row = await trx
    .selectFrom('attempts')
    .select((select) => select.fn.count<number>('muxer').distinct().as('muxers'))
    .where('job_id', '=', job.id)
    .where('attempt', '>', job.retried_after)
    .where('outcome', 'in', ['failed', 'expired'])
    .executeTakeFirst()
  return Number(row?.muxers ?? 0)
}

async function judgeMuxer(trx: Transaction<Tables>, id: string): Promise<void> {
  const newest = await trx
    .selectFrom('attempts')
    .innerJoin('muxers', 'muxers.id', 'attempts.muxer')
    .select(['attempts.job_id as job', 'outcome', 'blames_muxer'])
    .where('attempts.muxer', '=', id)
    .whereRef('attempts.id', '>', 'muxers.trusted_after')
    .orderBy('attempts.id', 'desc')
    .limit(50)
    .execute()
  if (!isSuspect(newest.map((row) => ({ ...row, blamed: row.blames_muxer === 1 })))) return
  await trx
    .updateTable('muxers')
    .set({ quarantined: `${failuresInRow} jobs in a row failed on it` })
    .where('id', '=', id)
    .where('quarantined', 'is', null)
    .execute()
}
