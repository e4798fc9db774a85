import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  SqliteDialect,
  SqliteDriver,
  sql,
} from 'kysely'
import Libsql from 'libsql'
import { DatabaseReplaced, fileAt } from './database-lost.ts'
import { makePrivate } from './make-private.ts'
import type { Database } from './open-database.ts'
import { refuseForeign } from './refuse-foreign.ts'
import { sqliteFile } from './sqlite-file.ts'
import type { Tables } from './tables.ts'

const mostStatements = 200

/**
 * A transaction takes the writer's place at once: one that asks for it later may not wait. It is on
 * the disk before it is acknowledged, with all before it: a submission outlives a power cut. What is a
 * single statement (a claim, a sign of life) is not flushed alone: a farm of 200 makes dozens a second,
 * a spinning disk a hundred flushes, and a claim lost to a power cut is fenced like any other lost lease.
 */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('pragma synchronous = full'))
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await super.commitTransaction(connection)
    await connection.executeQuery(CompiledQuery.raw('pragma synchronous = normal'))
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    // A full disk has ended it already; the error that counts is the one that said so.
    await super.rollbackTransaction(connection).catch((error: Error) => {
      if (!error.message.includes('no transaction is active')) throw error
    })
    await connection.executeQuery(CompiledQuery.raw('pragma synchronous = normal'))
  }
}

/** A file of its own on this machine. */
export function openSqlite(named: string): Database {
  const file = sqliteFile(named)
  refuseForeign(file)
  makePrivate(file)
  const connection = connect(file)
  const prepare = remembered((text) => connection.prepare(text))
  const config = { database: { prepare, close: () => connection.close() } as never }
  const dialect = new SqliteDialect(config)
  dialect.createDriver = () => new ImmediateDriver(config)
  const kysely = new Kysely<Tables>({ dialect })
  // SQLite goes on writing into a file that was deleted or replaced, and nobody would see it.
  const becameOf = fileAt(named)
  const refuseGone = (): void => {
    const what = becameOf()
    if (what !== undefined) throw new DatabaseReplaced(named, what)
  }
  return {
    dialect: 'sqlite',
    kysely,
    now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
    write: async (work) => {
      const done = await kysely.transaction().execute(work)
      refuseGone()
      return done
    },
    refuseGone,
    close: async () => {
      try {
        putJournalAway(connection, becameOf() === undefined)
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
    // Where the disk is full, or somebody still looks into it, it stays, and nothing is lost.
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
