import { sql, type Transaction } from 'kysely'
import type { z } from 'zod'
import { quoted, UserError } from '../../errors.ts'
import type { Database } from '../db/database.ts'
import { migrations } from '../db/migrations.ts'
import type { Tables } from '../db/tables.ts'
import { counted, firstLine, lastLine, record, type TableName } from './records.ts'

const atOnce = 100

/**
 * Fills an empty database with an exported queue, all of it or nothing. Ids and lease tokens stay: a
 * muxer at work goes on. The clock comes along, and so the first tick moves the leases over the time
 * in between.
 */
export async function importQueue(
  db: Database,
  lines: AsyncIterable<string>,
): Promise<{ readonly jobs: number }> {
  return await db.write(async (trx) => {
    await refuseFilled(trx)
    await trx.deleteFrom('clock').execute()
    const batch = batchInto(trx)
    let line = 0
    let ended = false
    for await (const text of lines) {
      line++
      if (ended) throw broken(line, 'more follows the end')
      const value = jsonOf(text, line)
      if (line === 1) readFirst(value, db)
      else if (value !== null && typeof value === 'object' && 'end' in value) {
        const { end } = parsed(lastLine, value, line)
        if (end !== line - 2) throw broken(line, `${end} rows were written, ${line - 2} are there`)
        ended = true
      } else {
        const { table, row } = parsed(record, value, line)
        await batch.add(table, row)
      }
    }
    if (!ended) throw broken(line, 'it ends too early: the export was cut off')
    await batch.flush()
    if (db.dialect === 'postgresql') await countOn(trx)
    return { jobs: batch.jobs() }
  })
}

/** Rows of an older schema fit: a column that a migration has added since has its default (records.ts). */
function readFirst(value: unknown, { dialect }: Database): void {
  const first = firstLine.safeParse(value)
  if (!first.success) throw new UserError('this is no queue that `pifarm jobs export` wrote')
  const { schema, version } = first.data
  const known = Object.keys(migrations(dialect))
  if (!known.includes(schema))
    throw new UserError(
      `the queue has the schema ${quoted(schema)} of pifarm ${quoted(version)}, which is newer: this one knows up to ${quoted(known.sort().at(-1) ?? '')}`,
      { hint: 'import it with that version, or a newer one' },
    )
}

async function refuseFilled(trx: Transaction<Tables>): Promise<void> {
  for (const table of ['jobs', 'muxers', 'webhooks'] as const) {
    const { rows } = await sql`select 1 from ${sql.table(table)} limit 1`.execute(trx)
    if (rows.length > 0)
      throw new UserError(`the database has ${table} in it already`, {
        hint: 'import into a new database, before its controller is started for the first time',
      })
  }
}

function batchInto(trx: Transaction<Tables>) {
  let table: TableName | undefined
  let rows: object[] = []
  let jobs = 0
  const flush = async (): Promise<void> => {
    if (table !== undefined && rows.length > 0)
      await trx
        .insertInto(table)
        .values(rows as never)
        .execute()
        .catch(unfit)
    rows = []
  }
  return {
    add: async (into: TableName, row: object): Promise<void> => {
      if (into !== table || rows.length >= atOnce) await flush()
      table = into
      rows.push(row)
      if (into === 'jobs') jobs++
    },
    flush,
    jobs: () => jobs,
  }
}

/** A row twice, or one that refers to none: SQLSTATE class 23, and what SQLite says. */
function unfit(error: unknown): never {
  const { code, message } = error as Error & { code?: string }
  if (!/^(?:23\w{3}|SQLITE_CONSTRAINT\w*)$/.test(code ?? '')) throw error
  throw new UserError(`rows of the exported queue do not belong together: ${message}`, {
    hint: 'nothing was imported',
    cause: error,
  })
}

/** Rows with ids of their own leave PostgreSQL's counters where they were. */
async function countOn(trx: Transaction<Tables>): Promise<void> {
  for (const table of counted)
    await sql`select setval(pg_get_serial_sequence(${table}, 'id'), max(id)) from ${sql.table(table)} having max(id) is not null`.execute(
      trx,
    )
}

function jsonOf(text: string, line: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw broken(line, `it is not JSON: ${quoted(text)}`)
  }
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, line: number): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw broken(line, `${issue?.path.join('.')}: ${issue?.message}`)
}

function broken(line: number, what: string): UserError {
  return new UserError(`line ${line} of the exported queue: ${what}`, {
    hint: 'nothing was imported',
  })
}
