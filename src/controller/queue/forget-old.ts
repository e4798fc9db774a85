import { sql } from 'kysely'
import type { Queue } from './queue.ts'

/** A few at a time: nobody waits for it. */
const atOnce = 200

/** Deletes jobs that ended long ago, with their history; not those whose input is still to be tidied. */
export async function forgetOld({ db, rules }: Queue): Promise<void> {
  if (rules.keepSeconds === 0) return
  const since = sql<number>`${db.now} - ${rules.keepSeconds * 1000}`
  await db.kysely
    .deleteFrom('jobs')
    .where('id', 'in', (old) =>
      old
        .selectFrom('jobs')
        .select('id')
        .where('ended_at', '<', since)
        .where((or) =>
          or.not(
            or.exists(
              or
                .selectFrom('tidy')
                .select('tidy.id')
                .whereRef('tidy.job_id', '=', 'jobs.id')
                .where('tidy.ended_at', 'is', null),
            ),
          ),
        )
        .orderBy('ended_at')
        .limit(atOnce),
    )
    .execute()
  await db.kysely.deleteFrom('webhooks').where('ended_at', '<', since).execute()
}
