import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UserError } from '../../errors.ts'
import type { Lock } from '../../host/host.ts'
import { holdLock } from '../../host/lock.ts'

/** The kernel frees the lock of a killed controller, but its keeper needs a moment to see the end. */
const lockTries = 20

export function lockOf(file: string): string {
  return `${file}.lock`
}

/** A SQLite file, by its one path, is for one process at a time: each has its own idea of who waits and what is new. */
export async function lockDatabase(
  file: string,
  hint: string,
  mayGo: () => boolean,
): Promise<Lock> {
  for (let tries = 1; ; tries++) {
    const lock = await holdLock(lockOf(file), `pifarm, pid ${process.pid}`, mayGo)
    if (!('heldBy' in lock)) return lock
    if (tries === lockTries)
      throw new UserError(`${file} is in use by ${lock.heldBy}`, {
        hint,
        exitCode: exitCodes.locked,
      })
    await sleep(100)
  }
}
