import type { Lock } from '../../host/host.ts'
import { numberDatabase, ownerOfJournal, refuseLeftJournal } from './journal-owner.ts'
import { lockDatabase, lockOf } from './lock-database.ts'
import { migrate } from './migrate.ts'
import { type Database, type DatabaseAddress, openDatabase } from './open-database.ts'
import { sqliteFile } from './sqlite-file.ts'
import { watchLock } from './under-lock.ts'
import { unusable } from './unusable-database.ts'
import { fileBefore, makeDirsOf } from './what-was-before.ts'

/** A database that is at this version's schema, and this process's alone where it is a file. */
export interface TakenDatabase {
  readonly db: Database
  close(): Promise<void>
  /** Closes it, and leaves nothing that was not there before it was taken. */
  discard(): Promise<void>
}

export async function takeDatabase(address: DatabaseAddress, hint: string): Promise<TakenDatabase> {
  try {
    return address.kind === 'sqlite'
      ? await takeSqlite(address, hint)
      : await opened(address, {
          ready: async () => undefined,
          close: async () => undefined,
          discard: async () => undefined,
        })
  } catch (error) {
    throw unusable(error, address)
  }
}

async function takeSqlite(
  address: DatabaseAddress & { kind: 'sqlite' },
  hint: string,
): Promise<TakenDatabase> {
  const file = sqliteFile(address.file)
  refuseLeftJournal(file)
  const removeDirs = makeDirsOf(file)
  let lock: Lock
  try {
    // A journal that cannot be put away keeps the lock file, which says whose it is.
    lock = await lockDatabase(file, hint, () => ownerOfJournal(file) === undefined)
  } catch (error) {
    removeDirs()
    throw error
  }
  // Only from here on is it certain that nobody else makes it.
  const restoreFile = fileBefore(file)
  const { isHeld, guard } = watchLock(lockOf(file))
  const taken = await opened(address, {
    ready: (db) => numberDatabase(file, db),
    close: () => lock.release(),
    discard: async () => {
      // Somebody else may have it by now.
      if (isHeld()) restoreFile()
      await lock.release()
      removeDirs()
    },
  })
  return { ...taken, db: guard(taken.db) }
}

async function opened(
  address: DatabaseAddress,
  around: Pick<TakenDatabase, 'close' | 'discard'> & { ready(db: Database): Promise<void> },
): Promise<TakenDatabase> {
  let db: Database | undefined
  const taken = {
    close: async () => {
      try {
        await db?.close()
      } finally {
        await around.close()
      }
    },
    discard: async () => {
      try {
        await db?.close()
      } finally {
        await around.discard()
      }
    },
  }
  try {
    db = await openDatabase(address)
    await migrate(db)
    await around.ready(db)
    return { ...taken, db }
  } catch (error) {
    await taken.discard()
    throw error
  }
}
