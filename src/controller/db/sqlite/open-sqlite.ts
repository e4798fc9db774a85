import { Kysely, SqliteDialect, sql } from 'kysely'
import Libsql from 'libsql'
import type { Database } from '../database.ts'
import { damageIn } from '../database-gone.ts'
import { FileDamaged } from '../database-lost.ts'
import type { Tables } from '../tables.ts'
import { ImmediateDriver } from './immediate-driver.ts'
import { becameOf } from './watch-name.ts'

const mostStatements = 200

/** A file by its one path. `refuseLost` throws where what is written into it would be lost. */
export function openSqlite(file: string, refuseLost: () => void): Database {
  const connection = connect(file)
  const become = becameOf(file)
  const prepare = remembered((text) => connection.prepare(text))
  const config = { database: { prepare, close: () => connection.close() } as never }
  let damage: FileDamaged | undefined
  const told = (error: unknown): unknown => {
    const reason = damageIn(error)
    if (reason === undefined) return error
    damage ??= new FileDamaged(file, reason)
    return damage
  }
  const dialect = new SqliteDialect(config)
  dialect.createDriver = () => new ImmediateDriver(config, told)
  const kysely = new Kysely<Tables>({ dialect })
  const refuseGone = (): void => {
    // Whoever met it may have kept it to himself.
    if (damage !== undefined) throw damage
    refuseLost()
  }
  return {
    dialect: 'sqlite',
    kysely,
    now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
    write: async (work) => {
      const done = await kysely.transaction().execute(async (trx) => {
        const done = await work(trx)
        // Before the commit it is taken back.
        refuseGone()
        return done
      })
      refuseGone()
      return done
    },
    refuseGone,
    close: async () => {
      try {
        putJournalAway(connection, become() === undefined)
      } finally {
        await kysely.destroy()
      }
    },
  }
}

/**
 * Into the file, which is then whole without it. libsql lets go of a database only with the last of its
 * statements, and so would leave that to whoever opens it next. Beside a file that has taken the place
 * of ours the journal would be taken for that one's, and destroy it.
 */
function putJournalAway(connection: Libsql.Database, isOurs: boolean): void {
  if (!isOurs) {
    // By their names the journal's files may be those of the new one.
    connection.exec('pragma wal_checkpoint(truncate)')
    return
  }
  try {
    connection.exec('pragma journal_mode = delete')
  } catch (error) {
    // Where the disk is full, the file damaged, or somebody still looks into it, it stays.
    if ((error as Error).name !== 'SqliteError') throw error
  }
}

/**
 * Statements that are prepared once: SQLite plans a claim for as long as it then works. They are few,
 * but for lists of values, whose every length is another text.
 */
function remembered(prepare: (text: string) => Libsql.Statement) {
  const statements = new Map<string, Libsql.Statement>()
  return (text: string): Libsql.Statement => {
    const before = statements.get(text)
    if (before !== undefined) return before
    if (statements.size === mostStatements) statements.clear()
    const statement = prepare(text)
    statements.set(text, statement)
    return statement
  }
}

function connect(file: string): Libsql.Database {
  const connection = new Libsql(file)
  // First: a person who looks into the file just now is waited for.
  connection.exec('pragma busy_timeout = 10000')
  connection.exec('pragma journal_mode = wal')
  connection.exec('pragma synchronous = normal')
  connection.exec('pragma foreign_keys = on')
  return connection
}
