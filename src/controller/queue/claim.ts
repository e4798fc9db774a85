import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { hasRowLocks } from '../db/database.ts'
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
 * same. Highest priority first, then whoever has waited longest. As text: every idle muxer asks for
 * it again and again, and Kysely's builder takes four times as long to put it together as SQLite to carry it out.
 */
export async function claimNext(
  { db, bulletin, rules }: Queue,
  { muxer, labels }: Claimer,
  leaseSeconds = rules.leaseSeconds,
): Promise<ClaimedRow | undefined> {
  const { rows } = await sql<ClaimedRow>`
    with next as (
      select id from jobs
      where state = 'queued' and run_at <= ${db.now} and (muxer is null or muxer = ${muxer})
        and (needs = '[]' or not exists (
          select label from job_needs where job_id = jobs.id ${butFor(labels)}))
      order by priority desc, run_at, id
      limit 1 ${hasRowLocks(db) ? sql`for update skip locked` : sql``})
    update jobs
    set state = 'leased', attempt = attempt + 1, lease_token = ${randomUUID()},
      leased_by = ${muxer}, leased_at = ${db.now},
      lease_until = ${db.now} + ${leaseSeconds * 1000}, progress = null
    where id = (select id from next)
    returning *`.execute(db.kysely)
  const [row] = rows
  if (row !== undefined) bulletin.tell({ kind: 'job', id: row.id }, { kind: 'muxer', id: muxer })
  return row
}

function butFor(labels: readonly string[]) {
  return labels.length === 0 ? sql`` : sql`and label not in (${sql.join(labels)})`
}
