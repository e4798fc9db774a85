import { createHash } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import type { Submission } from '../../protocol/views.ts'
import { readClock } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'
import { isLive, type JobRow } from './job-view.ts'
import { type Joined, notTakenOver } from './join-job.ts'
import type { Queue } from './queue.ts'
import { Overtaken, Refused } from './refused.ts'

type Now = Queue['db']['now']

/** What an earlier submission with this Idempotency-Key was answered; undefined where there was none. */
export async function knownBy(
  kysely: Kysely<Tables>,
  now: Now,
  key: string,
  wish: Submission,
): Promise<Joined | undefined> {
  const row = await kysely
    .selectFrom('idempotency')
    .innerJoin('jobs', 'jobs.id', 'idempotency.job_id')
    .selectAll('jobs')
    .select('fingerprint')
    .where('key', '=', key)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { fingerprint, ...job } = row
  if (fingerprint !== fingerprintOf(wish))
    throw new Refused(
      422,
      'this Idempotency-Key was used for another submission',
      'a new submission needs a key of its own',
    )
  const left = isLive(job) ? notTakenOver(job, wish, await readClock({ kysely, now })) : []
  return { job, takenOver: [], notTakenOver: left }
}

/** From now on, and not since the job was made: the key may have come long after it. */
export async function remember(
  trx: Transaction<Tables>,
  now: Now,
  key: string,
  wish: Submission,
  job: JobRow,
): Promise<void> {
  const kept = await trx
    .insertInto('idempotency')
    .values({ key, fingerprint: fingerprintOf(wish), job_id: job.id, created_at: now })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .executeTakeFirst()
  // The same request at the same moment: this one is taken back, and finds the other's job at the next try.
  if (kept === undefined)
    throw new Overtaken(409, 'this Idempotency-Key is in use at this moment', 'send it again')
}

function fingerprintOf(wish: Submission): string {
  return createHash('sha256').update(JSON.stringify(wish)).digest('hex')
}
