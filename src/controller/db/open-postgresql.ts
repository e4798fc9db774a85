import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import { type Database, nameOf } from './database.ts'
import { damageIn } from './database-gone.ts'
import { ServerDamaged } from './database-lost.ts'
import type { Tables } from './tables.ts'

const bigint = 20
const mostStatements = 200

/** A server that any number of controllers share. */
export function openPostgresql(url: string): Database {
  const pool = new pg.Pool({
    Client: preparingClient(nameOf({ kind: 'postgresql', url })),
    connectionString: url,
    max: 10,
    connectionTimeoutMillis: 5000,
    statement_timeout: 20_000,
    keepAlive: true,
    application_name: 'pifarm controller',
    // A queue's statistics are old: taken while it was empty, they would have it sorted at each claim.
    options: '-c enable_sort=off',
    types: {
      // Ids and ms: both stay far below 2^53.
      getTypeParser: ((oid: number, format: 'text') =>
        oid === bigint ? Number : pg.types.getTypeParser(oid, format)) as never,
    },
  })
  // A connection that waits in the pool and breaks would otherwise end the process.
  pool.on('error', () => undefined)
  // So would one that breaks between two statements of a transaction: the pool listens to those that wait alone.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
  return {
    dialect: 'postgresql',
    kysely,
    now: sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`,
    write: (work) => kysely.transaction().execute(work),
    refuseGone: () => undefined,
    close: () => kysely.destroy(),
  }
}

/**
 * A connection that names its statements, so that the server parses and plans each once: planning a
 * claim takes it five times as long as carrying it out. They are few, but for lists of values, whose
 * every length is another text; those past the first go unnamed. What the server says of damage in it is told as that.
 */
function preparingClient(database: string): typeof pg.Client {
  const names = new Map<string, string>()
  const told = (error: unknown): never => {
    const reason = damageIn(error)
    throw reason === undefined ? error : new ServerDamaged(database, reason)
  }
  const statementName = (text: string): string | undefined => {
    if (!names.has(text) && names.size < mostStatements) names.set(text, `s${names.size}`)
    return names.get(text)
  }
  return class extends pg.Client {
    // biome-ignore lint/suspicious/noExplicitAny: pg's query has eight shapes; Kysely uses this one
    override query(text: any, values?: any, callback?: any): any {
      const isPrepared = typeof text === 'string' && Array.isArray(values) && values.length > 0
      const asked = isPrepared
        ? super.query({ name: statementName(text), text, values }, callback)
        : super.query(text, values, callback)
      // Whoever gave a callback, as the pool does, gets no promise.
      return asked instanceof Promise ? asked.catch(told) : asked
    }
  }
}
