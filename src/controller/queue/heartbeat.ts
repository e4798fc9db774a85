import { sql } from 'kysely'
import type { Heartbeat } from '../../protocol/agent-api.ts'
import type { Queue } from './queue.ts'
import { leaseLost } from './refused.ts'

/** Renews a lease. Answers whether a person has taken the job back. */
export async function renewLease(
  { db, bulletin, rules }: Queue,
  id: number,
  muxer: string,
  { token, progress }: Pick<Heartbeat, 'token' | 'progress'>,
): Promise<{ readonly cancel: boolean }> {
  const row = await db.kysely
    .updateTable('jobs')
    .set({
      lease_until: sql<number>`${db.now} + ${rules.leaseSeconds * 1000}`,
      progress: JSON.stringify(progress),
    })
    .where('id', '=', id)
    .where('state', '=', 'leased')
    .where('lease_token', '=', token)
    .where('leased_by', '=', muxer)
    .returning('cancel_requested')
    .executeTakeFirst()
  if (row === undefined) throw leaseLost(id)
  bulletin.tell({ kind: 'job', id })
  return { cancel: row.cancel_requested === 1 }
}
