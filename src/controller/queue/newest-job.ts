import type { Database } from '../db/database.ts'
import type { JobRow } from './job-view.ts'

/** What was last made of a file, or is to be. */
export async function newestJob({ kysely }: Database, path: string): Promise<JobRow | undefined> {
  return await kysely
    .selectFrom('jobs')
    .selectAll()
    .where('path', '=', path)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
}
