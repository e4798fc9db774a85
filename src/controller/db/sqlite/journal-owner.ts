import { randomInt } from 'node:crypto'
import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  readSync,
  writeSync,
} from 'node:fs'
import { sql } from 'kysely'
import { exitCodes, UserError } from '../../../errors.ts'
import type { Database } from '../database.ts'
import { sizeOf } from './sqlite-file.ts'

/**
 * SQLite takes whatever journal lies beside a database for that database's. So whoever takes one gives
 * it a new number, and writes that into the lock file, which a kill leaves like the journal: a backup
 * has another one. In a lock file without a number nothing is known.
 */

/** The last one counts. */
const linesOfNumber = /^database (\d+|unknown)$/gm

/** SQLite's `user_version` in the heading of the file. */
const numberAt = 60

export function lockOf(file: string): string {
  return `${file}.lock`
}

/** To be asked before anything opens the database, or takes the lock. */
export function refuseLeftJournal(file: string): void {
  // SQLite would delete it, and with it jobs of a database that was only moved aside.
  if (sizeOf(file) === 0 && sizeOf(`${file}-wal`) > 0)
    throw new UserError(`${file}-wal is the journal of a database that is not there any more`, {
      hint: `put ${file} back, for jobs may be in the journal alone; for a new one: mv ${file}-wal ${file}-wal.aside`,
      exitCode: exitCodes.needsHands,
    })
  const known = ownerOfJournal(file)
  if (known === undefined || known === numberOf(file)) return
  throw new UserError(`${file}-wal is the journal of another database, and would spoil ${file}`, {
    hint: `for a restored backup: mv ${file}-wal ${file}-wal.aside; for a backup that brought this journal along: mv ${lockOf(file)} ${lockOf(file)}.aside`,
    exitCode: exitCodes.needsHands,
  })
}

/** The number of the database whose journal lies beside this one; undefined where nobody can say, or none does. */
export function ownerOfJournal(file: string): number | undefined {
  if (sizeOf(`${file}-wal`) === 0 || sizeOf(lockOf(file)) === 0) return undefined
  const lines = [...readFileSync(lockOf(file), 'utf8').matchAll(linesOfNumber)]
  const known = lines.at(-1)?.[1]
  return known === undefined || known === 'unknown' ? undefined : Number(known)
}

export function ownerLine(owner: number | undefined): string {
  return `database ${owner ?? 'unknown'}`
}

/** Into the lock, after what is there. */
export function noteOwner(file: string, owner: number | undefined): void {
  // Not by a name alone: that would make a lock file anew which nobody holds.
  const lock = openSync(lockOf(file), constants.O_WRONLY | constants.O_APPEND)
  try {
    writeSync(lock, `${ownerLine(owner)}\n`)
    // The database is on the disk with it: after a power cut the two must say the same.
    fsyncSync(lock)
  } finally {
    closeSync(lock)
  }
}

/** Under the lock, once the journal that was left is in the database. */
export async function numberDatabase(file: string, { kysely }: Database): Promise<void> {
  const number = randomInt(1, 2 ** 31)
  await sql`pragma user_version = ${sql.lit(number)}`.execute(kysely)
  await sql`pragma wal_checkpoint(truncate)`.execute(kysely)
  // Somebody looks into it: the number is not in the file itself, and must not be expected there.
  if (sizeOf(`${file}-wal`) > 0) return
  noteOwner(file, number)
}

function numberOf(file: string): number {
  const bytes = Buffer.alloc(4)
  const open = openSync(file, 'r')
  try {
    readSync(open, bytes, 0, bytes.length, numberAt)
  } finally {
    closeSync(open)
  }
  return bytes.readInt32BE()
}
