import { sql } from 'kysely'
import type { Upcoming } from '../../protocol/views.ts'
import type { Database } from '../db/database.ts'
import { jobView } from './job-view.ts'

/** How many wait, and the first of them in the order in which claims take them. */
export async function upcomingJobs({ kysely, now }: Database, limit: number): Promise<Upcoming> {
  const waiting = kysely.selectFrom('jobs').where('state', '=', sql.lit('queued'))
  const { count } = await waiting
    .select((select) => select.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  const rows = await waiting
    .selectAll()
    .orderBy(sql`case when run_at <= ${now} then 0 else 1 end`)
    .orderBy('priority', 'desc')
    .orderBy('run_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return { waiting: Number(count), jobs: rows.map(jobView) }
}
