import { sql } from 'kysely'
import type { JobState, JobStory, JobView } from '../../protocol/views.ts'
import type { Database } from '../db/database.ts'
import { attemptViews, type JobRow, jobView } from './job-view.ts'
import { unknownJob } from './refused.ts'

export interface JobFilter {
  readonly state?: JobState | undefined
  readonly muxer?: string | undefined
  /** Part of the path. */
  readonly q?: string | undefined
  /** The id of the last job of the page before. */
  readonly cursor?: number | undefined
  readonly limit: number
}

/** A page of jobs, newest first. */
export async function findJobs(
  { kysely }: Database,
  { state, muxer, q, cursor, limit }: JobFilter,
): Promise<{ jobs: JobView[]; next: string | null }> {
  let query = kysely
    .selectFrom('jobs')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(limit + 1)
  if (state !== undefined) query = query.where('state', '=', state)
  if (muxer !== undefined)
    query = query.where((or) => or.or([or('muxer', '=', muxer), or('leased_by', '=', muxer)]))
  if (q !== undefined)
    query = query.where(
      sql<boolean>`lower(path) like ${`%${literal(q.toLowerCase())}%`} escape '!'`,
    )
  if (cursor !== undefined) query = query.where('id', '<', cursor)
  const rows = await query.execute()
  const jobs = rows.slice(0, limit).map(jobView)
  return { jobs, next: rows.length > limit ? (jobs.at(-1)?.id ?? null) : null }
}

function literal(text: string): string {
  return text.replace(/[!%_]/g, (char) => `!${char}`)
}

export async function findJob({ kysely }: Database, id: number): Promise<JobRow> {
  const row = await kysely.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw unknownJob(id)
  return row
}

/** One job with all its attempts, oldest first. */
export async function jobStory(db: Database, id: number): Promise<JobStory> {
  const row = await findJob(db, id)
  const ended = await db.kysely
    .selectFrom('attempts')
    .selectAll()
    .where('job_id', '=', id)
    .orderBy('attempt')
    .execute()
  return { job: jobView(row), attempts: [...attemptViews(row, ended)] }
}
