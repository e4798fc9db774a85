import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  CompiledQuery,
  type DatabaseConnection,
  Kysely,
  SqliteDialect,
  SqliteDriver,
  sql,
} from 'kysely'
import Libsql from 'libsql'
import { UserError } from '../../errors.ts'
import type { Database } from './open-database.ts'
import type { Tables } from './tables.ts'

/** A transaction that takes the writer's place at once: one that asks for it later may not wait. */
class ImmediateDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(CompiledQuery.raw('begin immediate'))
  }
}

/** A file of its own on this machine. */
export function openSqlite(file: string): Database {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const connection = connect(file)
  const config = { database: connection as never }
  const dialect = new SqliteDialect(config)
  dialect.createDriver = () => new ImmediateDriver(config)
  const kysely = new Kysely<Tables>({ dialect })
  const { ino, dev } = statSync(file)
  return {
    dialect: 'sqlite',
    kysely,
    now: sql<number>`cast(unixepoch('subsec') * 1000 as integer)`,
    write: (work) => kysely.transaction().execute(work),
    refuseGone: () => {
      // SQLite goes on writing into a file that was deleted or replaced, and nobody would see it.
      const now = statSync(file, { throwIfNoEntry: false })
      if (now?.ino !== ino || now.dev !== dev) throw new DatabaseFileGone(file)
    },
    close: () => kysely.destroy(),
  }
}

export class DatabaseFileGone extends Error {
  constructor(file: string) {
    super(`the database file ${file} was removed or replaced while it was open`)
    this.name = 'DatabaseFileGone'
  }
}

function connect(file: string): Libsql.Database {
  try {
    const connection = new Libsql(file)
    connection.exec('pragma journal_mode = wal')
    // What was acknowledged survives a power cut.
    connection.exec('pragma synchronous = full')
    connection.exec('pragma foreign_keys = on')
    connection.exec('pragma busy_timeout = 10000')
    return connection
  } catch (error) {
    throw new UserError(`cannot open the database ${file}: ${(error as Error).message}`, {
      hint: 'a queue is a SQLite file that pifarm made; name another with --db',
      cause: error,
    })
  }
}
