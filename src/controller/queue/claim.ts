import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { hasRowLocks } from '../db/open-database.ts'
import type { JobRow } from './job-view.ts'
import type { Queue } from './queue.ts'

export interface Claimer {
  readonly muxer: string
  readonly labels: readonly string[]
}

/** The lease token is never null here. */
export type ClaimedRow = JobRow & { readonly lease_token: string }

/**
 * Takes the next job for a muxer: one statement, so that it is done or not, and no two get the
 * same. Highest priority first, then whoever has waited longest.
 */
export async function claimNext(
  { db, bulletin, rules }: Queue,
  { muxer, labels }: Claimer,
  leaseSeconds = rules.leaseSeconds,
): Promise<ClaimedRow | undefined> {
  const row = await db.kysely
    .with('next', (cte) =>
      cte
        .selectFrom('jobs')
        .select('id')
        .where('state', '=', 'queued')
        .where('run_at', '<=', db.now)
        .where((or) => or.or([or('muxer', 'is', null), or('muxer', '=', muxer)]))
        .where((or) => or.or([or('needs', '=', '[]'), or.not(or.exists(unmet(or, labels)))]))
        .orderBy('priority', 'desc')
        .orderBy('run_at')
        .orderBy('id')
        .limit(1)
        .$if(hasRowLocks(db), (query) => query.forUpdate().skipLocked()),
    )
    .updateTable('jobs')
    .set((set) => ({
      state: 'leased',
      attempt: set('attempt', '+', 1),
      lease_token: randomUUID(),
      leased_by: muxer,
      leased_at: db.now,
      lease_until: sql<number>`${db.now} + ${leaseSeconds * 1000}`,
      progress: null,
    }))
    .where('id', '=', (id) => id.selectFrom('next').select('next.id'))
    .returningAll()
    .executeTakeFirst()
  if (row === undefined) return undefined
  bulletin.tell({ kind: 'job', id: row.id }, { kind: 'muxer', id: muxer })
  return row as ClaimedRow
}

// biome-ignore lint/suspicious/noExplicitAny: Kysely's type of an expression builder inside a CTE
function unmet(query: any, labels: readonly string[]) {
  const needs = query
    .selectFrom('job_needs')
    .select('label')
    .whereRef('job_needs.job_id', '=', 'jobs.id')
  return labels.length === 0 ? needs : needs.where('label', 'not in', labels)
}
