import { sql } from 'kysely'
import type { Tidied, TidyList } from '../../protocol/agent-api.ts'
import { hasRowLocks } from '../db/database.ts'
import type { Queue } from './queue.ts'
import { Refused } from './refused.ts'

const atOnce = 20
const takenForMs = 10 * 60 * 1000

/** Inputs whose time of grace is over, for this muxer to tidy within ten minutes. */
export async function claimTidy(
  { db }: Queue,
  muxer: string,
  policy?: 'move',
): Promise<TidyList['files']> {
  const rows = await db.kysely
    .with('due', (cte) =>
      cte
        .selectFrom('tidy')
        .select('id')
        .where('ended_at', 'is', null)
        .where('due_at', '<=', db.now)
        .where((or) => or.or([or('claimed_until', 'is', null), or('claimed_until', '<', db.now)]))
        .$if(policy !== undefined, (query) => query.where('policy', '=', 'move'))
        .orderBy('due_at')
        .limit(atOnce)
        .$if(hasRowLocks(db), (query) => query.forUpdate().skipLocked()),
    )
    .updateTable('tidy')
    .set({ muxer, claimed_until: sql<number>`${db.now} + ${takenForMs}` })
    .where('id', 'in', (ids) => ids.selectFrom('due').select('due.id'))
    .returning(['id', 'path', 'policy'])
    .execute()
  return rows.map(({ id, path, policy }) => ({ id: String(id), path, policy }))
}

/** A muxer has tidied what it took. The same again is the same answer. */
export async function completeTidy(
  { db }: Queue,
  id: number,
  muxer: string,
  { outcome, detail }: Tidied,
): Promise<void> {
  const done = await db.kysely
    .updateTable('tidy')
    .set({ ended_at: db.now, outcome, detail })
    .where('id', '=', id)
    .where('muxer', '=', muxer)
    .where('ended_at', 'is', null)
    .returning('id')
    .executeTakeFirst()
  if (done !== undefined) return
  const row = await db.kysely.selectFrom('tidy').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw new Refused(404, `there is nothing to tidy with the id ${id}`)
  if (row.muxer !== muxer) throw new Refused(409, `${id} is not for muxer ${muxer} to tidy`)
}
