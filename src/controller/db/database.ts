import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Tables } from './tables.ts'

export type Dialect = 'sqlite' | 'postgresql'

/** Where the queue is kept. */
export type DatabaseAddress =
  | { readonly kind: 'sqlite'; readonly file: string }
  | { readonly kind: 'postgresql'; readonly url: string }

/** As messages call it, without the password. */
export function nameOf(address: DatabaseAddress): string {
  if (address.kind === 'sqlite') return address.file
  const { hostname, pathname } = new URL(address.url)
  return `PostgreSQL ${hostname}${pathname}`
}

export interface Database {
  readonly dialect: Dialect
  readonly kysely: Kysely<Tables>
  /** The database's own clock in ms: the only one that counts, however many controllers there are. */
  readonly now: RawBuilder<number>
  /** All of it or nothing, and on the disk when it is done. */
  write<T>(work: (trx: Transaction<Tables>) => Promise<T>): Promise<T>
  /** Throws where what is written would be lost, though the driver knows nothing of it. */
  refuseGone(): void
  close(): Promise<void>
}

/** A database that is at this version's schema, and this process's alone where it is a file. */
export interface TakenDatabase {
  readonly db: Database
  close(): Promise<void>
  /** Closes it, and leaves nothing that was not there before it was taken. */
  discard(): Promise<void>
}

/** For the row locks that only PostgreSQL has; SQLite has one writer at a time. */
export function hasRowLocks({ dialect }: Pick<Database, 'dialect'>): boolean {
  return dialect === 'postgresql'
}

/** Reads the database's clock. */
export async function readClock(db: Pick<Database, 'kysely' | 'now'>): Promise<number> {
  const { rows } = await sql<{ now: number }>`select ${db.now} as now`.execute(db.kysely)
  return rows[0]?.now ?? 0
}
