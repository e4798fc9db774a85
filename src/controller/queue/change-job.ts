import { sql, type Transaction, type UpdateObject } from 'kysely'
import { hasRowLocks } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'
import type { JobRow } from './job-view.ts'
import type { Queue } from './queue.ts'
import { isDone, Refused, unknownJob } from './refused.ts'

/** Takes a job back: at once where it waits, else its muxer is told with its next sign of life. */
export async function cancel(queue: Queue, id: number): Promise<JobRow> {
  return await change(queue, id, ({ state }) => {
    if (state === 'queued') return { state: 'cancelled', ended_at: queue.db.now }
    if (state === 'leased') return { cancel_requested: 1 }
    if (state === 'cancelled') return {}
    throw new Refused(409, `job ${id} is ${state}: there is nothing to cancel`)
  })
}

/** Another chance for a job that is over, or at once for one that waits; that keeps its turn if it has come. */
export async function retry(
  queue: Queue,
  id: number,
): Promise<{ readonly job: JobRow; readonly wasQueued: boolean }> {
  const { now } = queue.db
  const again = { run_at: now, failures: 0 }
  let wasQueued = false
  const job = await change(queue, id, ({ state, attempt }) => {
    wasQueued = state === 'queued'
    if (wasQueued) {
      const run_at = sql<number>`case when run_at < ${now} then run_at else ${now} end`
      return { ...again, run_at, retried_after: attempt }
    }
    if (state === 'failed' || state === 'dead' || state === 'cancelled')
      return { ...again, state: 'queued', ended_at: null, retried_after: attempt }
    if (state === 'done') throw isDone(id)
    throw new Refused(409, `job ${id} is ${state}: it needs no retry`, 'cancel it first')
  })
  return { job, wasQueued }
}

export async function setPriority(queue: Queue, id: number, priority: number): Promise<JobRow> {
  return await change(queue, id, () => ({ priority }))
}

async function change(
  { db, bulletin }: Queue,
  id: number,
  decide: (job: JobRow) => UpdateObject<Tables, 'jobs'>,
): Promise<JobRow> {
  const changed = await db.write(async (trx) => {
    const job = await trx
      .selectFrom('jobs')
      .selectAll()
      .where('id', '=', id)
      .$if(hasRowLocks(db), (query) => query.forUpdate())
      .executeTakeFirst()
    if (job === undefined) throw unknownJob(id)
    const set = decide(job)
    if (Object.keys(set).length === 0) return job
    if ('state' in set && set.state === 'queued') await refuseSecond(trx, job)
    return await trx
      .updateTable('jobs')
      .set(set as UpdateObject<Tables, 'jobs'>)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow()
  })
  bulletin.tell({ kind: 'job', id }, { kind: 'work' })
  return changed
}

async function refuseSecond(trx: Transaction<Tables>, job: JobRow): Promise<void> {
  const other = await trx
    .selectFrom('jobs')
    .select('id')
    .where('dedupe_key', '=', job.dedupe_key)
    .where('state', 'in', ['queued', 'leased'])
    .executeTakeFirst()
  if (other !== undefined) throw new Refused(409, `job ${other.id} is at work on the same already`)
}
