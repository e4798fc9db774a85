import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UserError } from '../../../errors.ts'
import { holdLock } from '../../../host/lock.ts'
import { LockRemoved } from '../database-lost.ts'
import { lockOf, ownerLine, ownerOfJournal } from './journal-owner.ts'
import { becameOf } from './watch-name.ts'

/** The kernel frees the lock of a killed controller, but its keeper needs a moment to see the end. */
const lockTries = 20

interface LockFile {
  isHeld(): boolean
  /** Throws where a person removed it: another process may hold one by that name, and have the database open as well. */
  refuseRemoved(): void
  release(): Promise<void>
}

/**
 * A SQLite file, by its one path, is for one process at a time: each has its own idea of who waits and
 * what is new. `owner`: whose journal lies beside it.
 */
export async function holdLockFile(
  file: string,
  hint: string,
  owner: number | undefined,
): Promise<LockFile> {
  const lockFile = lockOf(file)
  // A journal that cannot be put away keeps the lock file, which says whose it is.
  const mayGo = () => ownerOfJournal(file) === undefined
  const holder = `pifarm, pid ${process.pid}\n${ownerLine(owner)}`
  for (let tries = 1; ; tries++) {
    const lock = await holdLock(lockFile, holder, mayGo)
    if (!('heldBy' in lock)) return watched(lockFile, lock.release)
    if (tries === lockTries)
      throw new UserError(`${file} is in use by ${lock.heldBy}`, {
        hint,
        exitCode: exitCodes.locked,
      })
    await sleep(100)
  }
}

function watched(lockFile: string, release: () => Promise<void>): LockFile {
  const become = becameOf(lockFile)
  return {
    isHeld: () => become() === undefined,
    refuseRemoved: () => {
      if (become() !== undefined) throw new LockRemoved(lockFile)
    },
    release,
  }
}
