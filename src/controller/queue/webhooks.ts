import type { Transaction } from 'kysely'
import type { JobView } from '../../protocol/views.ts'
import type { Tables } from '../db/tables.ts'
import type { Queue } from './queue.ts'

/** Writes down that somebody is to be told, in the transaction that makes it true. */
export async function announce(
  { db }: Queue,
  trx: Transaction<Tables>,
  url: string | null,
  event: 'job.ready' | 'job.failed',
  job: JobView,
): Promise<void> {
  if (url === null) return
  await trx
    .insertInto('webhooks')
    .values({
      url,
      event,
      body: JSON.stringify({ event, job }),
      created_at: db.now,
      tries: 0,
      next_at: db.now,
      delivered: 0,
    })
    .execute()
}
