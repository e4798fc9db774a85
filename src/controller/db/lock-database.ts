import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UserError } from '../../errors.ts'
import type { Lock } from '../../host/host.ts'
import { holdLock } from '../../host/lock.ts'
import type { DatabaseAddress } from './open-database.ts'
import { sqliteFile } from './sqlite-file.ts'

/** The kernel frees the lock of a killed controller, but its keeper needs a moment to see the end. */
const lockTries = 20

/** A SQLite file is for one process at a time: each has its own idea of who waits and what is new. */
export async function lockDatabase(
  address: DatabaseAddress,
  hint: string,
): Promise<Lock | undefined> {
  if (address.kind === 'postgresql') return undefined
  const file = sqliteFile(address.file)
  for (let tries = 1; ; tries++) {
    const lock = await holdLock(`${file}.lock`, `pifarm, pid ${process.pid}`)
    if (!('heldBy' in lock)) return lock
    if (tries === lockTries)
      throw new UserError(`${file} is in use by ${lock.heldBy}`, {
        hint,
        exitCode: exitCodes.locked,
      })
    await sleep(100)
  }
}
