import { basename } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import type { Disk } from './disks.ts'

/**
 * Works on a card, or on what lies in a directory, as the only run: two that write one file at the
 * same time would take each other's half of it for a whole.
 */
export async function alone<T>(
  host: Host,
  target: string | Disk,
  work: () => Promise<T>,
): Promise<T> {
  const isDirectory = typeof target === 'string'
  // Not the device itself: mtools locks that, and udev whenever it looks at it.
  const lock = await host.hold(isDirectory ? target : `/sys/class/block/${basename(target.path)}`)
  if (lock === undefined)
    throw new UserError(`another run is at work on ${isDirectory ? target : target.path}`, {
      hint: 'wait for it to end, then run the command again; nothing was changed',
      exitCode: exitCodes.locked,
    })
  try {
    return await work()
  } finally {
    await lock.release()
  }
}
