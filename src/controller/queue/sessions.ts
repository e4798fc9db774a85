import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { Queue } from './queue.ts'

const keptMs = 24 * 3600 * 1000

/**
 * Who has signed in, in the database: so a session outlives a restart, is known to every controller of
 * that database, and is at an end for all of them once it is ended. `key` is its id, which alone is no cookie.
 */
export async function beginSession({ db }: Queue, key: string): Promise<void> {
  await db.kysely
    .insertInto('sessions')
    .values({ key, until: untilOf(db) })
    .execute()
}

/** For another day; one that is over stays so. */
export async function prolongSession({ db }: Queue, key: string): Promise<void> {
  await db.kysely
    .updateTable('sessions')
    .set({ until: untilOf(db) })
    .where('key', '=', key)
    .where('until', '>', db.now)
    .execute()
}

export async function holdsSession({ db }: Queue, key: string): Promise<boolean> {
  const row = await db.kysely
    .selectFrom('sessions')
    .select('key')
    .where('key', '=', key)
    .where('until', '>', db.now)
    .executeTakeFirst()
  return row !== undefined
}

/** On the disk when it is done: a power cut does not bring it back. */
export async function endSession({ db }: Queue, key: string): Promise<void> {
  await db.write((trx) => trx.deleteFrom('sessions').where('key', '=', key).execute())
}

export async function forgetSessions({ db }: Queue): Promise<void> {
  await db.kysely.deleteFrom('sessions').where('until', '<=', db.now).execute()
}

function untilOf({ now }: Database) {
  return sql<number>`${now} + ${keptMs}`
}
