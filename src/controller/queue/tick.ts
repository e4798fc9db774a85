import { sql, type Transaction } from 'kysely'
import { hasRowLocks, readClock } from '../db/database.ts'
import type { Tables } from '../db/tables.ts'
import type { News } from './bulletin.ts'
import type { ClaimedRow } from './claim.ts'
import { endAttempt, noLease } from './end-attempt.ts'
import { moveOn } from './fail.ts'
import { forgetOld } from './forget-old.ts'
import type { Queue } from './queue.ts'
import { forgetSessions } from './sessions.ts'

const idempotencyKeptMs = 24 * 3600 * 1000

/** Looks after the leases: each controller does it every few seconds, and nobody else lets one expire. */
export async function tick(queue: Queue): Promise<void> {
  queue.db.refuseGone()
  await queue.db.write((trx) => followClock(queue, trx))
  for (let expired = await expiredJobs(queue); expired.length > 0; ) {
    for (const id of expired) await expire(queue, id)
    expired = await expiredJobs(queue)
  }
  await forgetOld(queue)
  await forgetSessions(queue)
  await queue.db.kysely
    .deleteFrom('idempotency')
    .where('created_at', '<', sql<number>`${queue.db.now} - ${idempotencyKeptMs}`)
    .execute()
}

/**
 * Moves the leases along where time went by that no muxer could use: no controller was there to
 * answer, or the clock was set. Without it every running job would be taken away after an outage,
 * and none from a dead muxer after the clock was set back.
 */
async function followClock({ db, rules }: Queue, trx: Transaction<Tables>): Promise<void> {
  const before = await trx
    .selectFrom('clock')
    .select('ticked_at')
    .where('id', '=', 1)
    .$if(hasRowLocks(db), (query) => query.forUpdate())
    .executeTakeFirst()
  const now = await readClock({ kysely: trx, now: db.now })
  if (before === undefined) {
    await trx
      .insertInto('clock')
      .values({ id: 1, ticked_at: now })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
    return
  }
  const gap = now - before.ticked_at
  await trx.updateTable('clock').set({ ticked_at: now }).where('id', '=', 1).execute()
  // Controllers beside one another tick at almost the same time: a little backwards is none.
  const isSetBack = gap < -1000
  if (!isSetBack && gap <= rules.tickSeconds * 3000) return
  await trx
    .updateTable('jobs')
    .set({ lease_until: sql<number>`lease_until + ${gap}` })
    .where('state', '=', sql.lit('leased'))
    .execute()
  if (!isSetBack) return
  await trx
    .updateTable('jobs')
    // A start that a person asked for is an instant; every other pause is a duration.
    .set({ run_at: sql<number>`run_at + ${gap}` })
    .where('state', '=', sql.lit('queued'))
    .where('run_at', '>', now)
    .where((or) => or.or([or('not_before', 'is', null), or('not_before', '<>', or.ref('run_at'))]))
    .execute()
}

async function expiredJobs({ db }: Queue): Promise<number[]> {
  const rows = await db.kysely
    .selectFrom('jobs')
    .select('id')
    .where('state', '=', sql.lit('leased'))
    .where('lease_until', '<', db.now)
    .orderBy('lease_until')
    .limit(100)
    .execute()
  return rows.map(({ id }) => id)
}

async function expire(queue: Queue, id: number): Promise<void> {
  const { db, bulletin } = queue
  const news = await db.write(async (trx): Promise<News[]> => {
    const job = (await trx
      .selectFrom('jobs')
      .selectAll()
      .where('id', '=', id)
      .where('state', '=', 'leased')
      .where('lease_until', '<', db.now)
      .$if(hasRowLocks(db), (query) => query.forUpdate())
      .executeTakeFirst()) as ClaimedRow | undefined
    // Another controller was quicker.
    if (job === undefined) return []
    if (job.cancel_requested === 1) {
      await endAttempt(queue, trx, job, { outcome: 'cancelled', detail: 'its muxer fell silent' })
      await trx
        .updateTable('jobs')
        .set({ ...noLease, state: 'cancelled', ended_at: db.now, cancel_requested: 0 })
        .where('id', '=', id)
        .execute()
    } else {
      const detail = `muxer ${job.leased_by} fell silent`
      await moveOn(queue, trx, job, { outcome: 'expired', blamesMuxer: true, detail }, true)
    }
    return [{ kind: 'job', id }, { kind: 'muxer', id: job.leased_by ?? '' }, { kind: 'work' }]
  })
  bulletin.tell(...news)
}
