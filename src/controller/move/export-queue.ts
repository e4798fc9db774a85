import { sql, type Transaction } from 'kysely'
import { version } from '../../version.ts'
import type { Database } from '../db/database.ts'
import { migrations } from '../db/migrations.ts'
import type { Tables } from '../db/tables.ts'
import { type TableName, tableNames, tableOrder } from './records.ts'

const atOnce = 500

/** The whole queue as lines of JSON, as it was at one moment. */
export async function exportQueue(
  { kysely, dialect }: Database,
  write: (line: string) => Promise<void>,
): Promise<{ readonly jobs: number }> {
  const schema = Object.keys(migrations(dialect)).sort().at(-1)
  await write(JSON.stringify({ pifarm: 'queue', version: version(), schema }))
  const counts = new Map<TableName, number>()
  await kysely
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (trx) => {
      for (const table of tableNames) {
        for await (const row of rowsOf(trx, table)) {
          await write(JSON.stringify({ table, row }))
          counts.set(table, (counts.get(table) ?? 0) + 1)
        }
      }
    })
  await write(JSON.stringify({ end: [...counts.values()].reduce((sum, n) => sum + n, 0) }))
  return { jobs: counts.get('jobs') ?? 0 }
}

async function* rowsOf(trx: Transaction<Tables>, table: TableName): AsyncIterable<object> {
  const keys: readonly string[] = tableOrder[table]
  const order = sql.join(keys.map((key) => sql.ref(key)))
  for (let last: Record<string, unknown> | undefined; ; ) {
    const after =
      last === undefined
        ? sql``
        : sql`where (${order}) > (${sql.join(keys.map((key) => last?.[key]))})`
    const { rows } = await sql<
      Record<string, unknown>
    >`select * from ${sql.table(table)} ${after} order by ${order} limit ${sql.lit(atOnce)}`.execute(
      trx,
    )
    yield* rows
    if (rows.length < atOnce) return
    last = rows.at(-1)
  }
}
