import type { Transaction } from 'kysely'
import type { JobView } from '../../protocol/views.ts'
import type { Tables } from '../db/tables.ts'
import type { Queue } from './queue.ts'

/** A job's webhooks as its row holds them: one as it is, several as a list in JSON. */
export function webhooksOf(column: string | null): readonly string[] {
  if (column === null) return []
  return column.startsWith('[') ? JSON.parse(column) : [column]
}

export function webhookColumn(urls: readonly string[]): string | null {
  return urls.length > 1 ? JSON.stringify(urls) : (urls[0] ?? null)
}

/** Writes down that somebody is to be told, in the transaction that makes it true. */
export async function announce(
  { db }: Queue,
  trx: Transaction<Tables>,
  column: string | null,
  event: 'job.ready' | 'job.failed',
  job: JobView,
): Promise<void> {
  const common = {
    event,
    body: JSON.stringify({ event, job }),
    created_at: db.now,
    tries: 0,
    next_at: db.now,
    delivered: 0,
  }
  for (const url of webhooksOf(column))
    await trx
      .insertInto('webhooks')
      .values({ ...common, url })
      .execute()
}
