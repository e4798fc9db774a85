import { fileAt, LockRemoved } from './database-lost.ts'
import type { Database } from './open-database.ts'

/**
 * Watches the name of a lock that was just taken: where a person removed it, another process may hold
 * one by that name, and have the database open as well.
 */
export function watchLock(lockFile: string): {
  isHeld(): boolean
  guard(db: Database): Database
} {
  const becameOf = fileAt(lockFile)
  const refuseUnheld = (): void => {
    if (becameOf() !== undefined) throw new LockRemoved(lockFile)
  }
  return {
    isHeld: () => becameOf() === undefined,
    guard: (db) => ({
      ...db,
      // Before the commit: it is taken back then.
      write: (work) =>
        db.write(async (trx) => {
          const done = await work(trx)
          refuseUnheld()
          return done
        }),
      refuseGone: () => {
        db.refuseGone()
        refuseUnheld()
      },
    }),
  }
}
