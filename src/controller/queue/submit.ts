import { sql, type Transaction } from 'kysely'
import type { Submission } from '../../protocol/views.ts'
import { hasRowLocks, readClock } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'
import { knownBy, remember } from './idempotency.ts'
import type { JobRow } from './job-view.ts'
import { type Joined, joinJob } from './join-job.ts'
import type { Queue } from './queue.ts'
import { Overtaken, type Refused } from './refused.ts'

export interface Submitted extends Joined {
  /** False: it was there already, by its dedupe key or its Idempotency-Key. */
  readonly isNew: boolean
}

const nothingDiffers = { takenOver: [], notTakenOver: [] } as const

const mostTries = 5

interface Around {
  /** The same again answers the job that it made or met. */
  readonly idempotencyKey?: string | undefined
  /** Why no new job may be made of it, which does not keep it from meeting one that is there. */
  readonly objection?: Refused | undefined
  /** The version of its file, where somebody has looked at it. */
  readonly source?: string
}

/** Puts a job into the queue. */
export async function submit(
  queue: Queue,
  wish: Submission,
  around: Around = {},
): Promise<Submitted> {
  for (let tries = 1; ; tries++) {
    try {
      return await submitOnce(queue, wish, around)
    } catch (error) {
      if (!(error instanceof Overtaken) || tries === mostTries) throw error
    }
  }
}

async function submitOnce(
  queue: Queue,
  wish: Submission,
  { idempotencyKey, objection, source }: Around,
): Promise<Submitted> {
  const { db, bulletin } = queue
  const submitted = await db.write(async (trx): Promise<Submitted> => {
    if (idempotencyKey !== undefined) {
      const known = await knownBy(trx, db.now, idempotencyKey, wish)
      if (known !== undefined) return { ...known, isNew: false }
    }
    const job = await insert(trx, wish, source, db.now)
    if (job === undefined) {
      const now = await readClock({ kysely: trx, now: db.now })
      const joined = await joinJob(trx, await live(queue, trx, dedupeKey(wish)), wish, now)
      if (idempotencyKey !== undefined)
        await remember(trx, db.now, idempotencyKey, wish, joined.job)
      return { ...joined, isNew: false }
    }
    if (objection !== undefined) throw objection
    if (wish.needs.length > 0)
      await trx
        .insertInto('job_needs')
        .values([...new Set(wish.needs)].map((label) => ({ job_id: job.id, label })))
        .execute()
    if (idempotencyKey !== undefined) await remember(trx, db.now, idempotencyKey, wish, job)
    return { job, isNew: true, ...nothingDiffers }
  })
  if (submitted.isNew || submitted.takenOver.length > 0)
    bulletin.tell({ kind: 'job', id: submitted.job.id }, { kind: 'work' })
  return submitted
}

/** Two live jobs for one file would write the same directory. */
function dedupeKey(wish: Submission): string {
  return wish.dedupeKey === null ? `path:${wish.path}` : `key:${wish.dedupeKey}`
}

async function insert(
  trx: Transaction<Tables>,
  wish: Submission,
  source: string | undefined,
  now: Queue['db']['now'],
): Promise<JobRow | undefined> {
  const notBefore = wish.notBefore === null ? null : Date.parse(wish.notBefore)
  return await trx
    .insertInto('jobs')
    .values({
      path: wish.path,
      settings: JSON.stringify(wish.settings),
      priority: wish.priority,
      muxer: wish.muxer,
      needs: JSON.stringify(wish.needs),
      dedupe_key: dedupeKey(wish),
      webhook: wish.webhook,
      state: 'queued',
      attempt: 0,
      failures: 0,
      retried_after: 0,
      created_at: now,
      not_before: notBefore,
      run_at: notBefore ?? now,
      cancel_requested: 0,
      source: source ?? null,
    })
    .onConflict((conflict) =>
      conflict
        .column('dedupe_key')
        .where('state', 'in', sql`('queued', 'leased')` as never)
        .doNothing(),
    )
    .returningAll()
    .executeTakeFirst()
}

async function live({ db }: Queue, trx: Transaction<Tables>, key: string): Promise<JobRow> {
  const job = await trx
    .selectFrom('jobs')
    .selectAll()
    .where('dedupe_key', '=', key)
    .where('state', 'in', ['queued', 'leased'])
    .$if(hasRowLocks(db), (query) => query.forUpdate())
    .executeTakeFirst()
  // On PostgreSQL it may have ended since the conflict.
  if (job === undefined) throw new Overtaken(409, 'a job for it has just ended', 'submit it again')
  return job
}
