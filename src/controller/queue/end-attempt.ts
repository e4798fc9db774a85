import type { Transaction } from 'kysely'
import { hasRowLocks } from '../db/database.ts'
import type { Attempts, Tables } from '../db/tables.ts'
import type { ClaimedRow } from './claim.ts'
import type { Queue } from './queue.ts'

export interface Ending {
  readonly outcome: Attempts['outcome']
  readonly blamesMuxer?: boolean
  readonly reason?: string
  readonly detail?: string
  readonly argv?: readonly string[]
  readonly logTail?: string
}

/** A job whose lease is this token's, held for the rest of the transaction; else undefined. */
export async function leasedJob(
  { db }: Queue,
  trx: Transaction<Tables>,
  id: number,
  muxer: string,
  token: string,
): Promise<ClaimedRow | undefined> {
  const row = await trx
    .selectFrom('jobs')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', 'leased')
    .where('lease_token', '=', token)
    .where('leased_by', '=', muxer)
    .$if(hasRowLocks(db), (query) => query.forUpdate())
    .executeTakeFirst()
  return row as ClaimedRow | undefined
}

/** Writes a running attempt into the history. The job itself is for the caller to move on. */
export async function endAttempt(
  { db }: Queue,
  trx: Transaction<Tables>,
  job: ClaimedRow,
  ending: Ending,
): Promise<void> {
  await trx
    .insertInto('attempts')
    .values({
      job_id: job.id,
      attempt: job.attempt,
      muxer: job.leased_by ?? '',
      token: job.lease_token,
      started_at: job.leased_at ?? 0,
      ended_at: db.now,
      outcome: ending.outcome,
      blames_muxer: ending.blamesMuxer ? 1 : 0,
      reason: ending.reason ?? null,
      detail: ending.detail ?? '',
      argv: JSON.stringify(ending.argv ?? []),
      log_tail: ending.logTail ?? '',
    })
    .execute()
}

/** What a job's row says once nobody holds it. */
export const noLease = {
  lease_token: null,
  leased_by: null,
  leased_at: null,
  lease_until: null,
  progress: null,
} as const
