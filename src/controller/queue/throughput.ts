import { sql } from 'kysely'
import type { Throughput } from '../../protocol/views.ts'
import { type Database, readClock } from '../db/database.ts'
import { instant } from './job-view.ts'

const hour = 3_600_000

/** What ended in each of the last hours, the one that runs included; oldest first. */
export async function throughputOf(db: Database, hours: number): Promise<Throughput> {
  const current = Math.floor((await readClock(db)) / hour)
  const first = current - hours + 1
  const rows = await db.kysely
    .selectFrom('jobs')
    .select((select) => [
      sql<number>`ended_at / ${sql.lit(hour)}`.as('hour'),
      'state',
      select.fn.countAll<number>().as('jobs'),
      select.fn.sum<number>('video_seconds').as('seconds'),
    ])
    .where('ended_at', '>=', first * hour)
    .where('state', 'in', ['done', 'failed', 'dead'])
    .groupBy(['hour', 'state'])
    .execute()
  const points = Array.from({ length: hours }, (_, index) => ({
    from: instant((first + index) * hour),
    done: 0,
    failed: 0,
    videoSeconds: 0,
  }))
  for (const row of rows) {
    const point = points[Number(row.hour) - first]
    if (point === undefined) continue
    if (row.state === 'done') point.done += Number(row.jobs)
    else point.failed += Number(row.jobs)
    point.videoSeconds += Number(row.seconds ?? 0)
  }
  return { points }
}
