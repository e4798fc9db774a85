import { UserError } from '../../errors.ts'
import { systemReason } from '../../host/system-reason.ts'
import { type DatabaseAddress, nameOf } from './database.ts'
import { damageIn, isDatabaseGone } from './database-gone.ts'
import { DatabaseDamaged, ServerDamaged } from './database-lost.ts'

/**
 * What a person is told of an error that comes of the place where the database is: a full disk, a
 * server that is not there. A fault of ours is answered as it is.
 */
export function unusable(error: unknown, address: DatabaseAddress): unknown {
  const reason = reasonOf(error)
  if (reason === undefined) return error
  return new UserError(`cannot use the database ${nameOf(address)}: ${reason}`, {
    hint: address.kind === 'sqlite' ? hintFor(reason) : hintForServer(error),
    cause: error,
  })
}

function reasonOf(error: unknown): string | undefined {
  if (error instanceof DatabaseDamaged) return error.reason
  if (error instanceof UserError || !(error instanceof Error)) return undefined
  const system = systemReason(error)
  if (system !== undefined) return system
  // How libsql words it, with a number for the reason.
  if (error.message.startsWith('ConnectionFailed(')) return 'unable to open database file'
  return isDatabaseGone(error) || isRefusedLogin(error) ? error.message : damageIn(error)
}

/** SQLSTATE: a wrong password or user, a database that is not there. */
function isRefusedLogin(error: Error): boolean {
  return 'code' in error && /^(?:28|3D)\w{3}$/.test(String(error.code))
}

function hintForServer(error: unknown): string | undefined {
  return error instanceof ServerDamaged ? error.hint : 'is it running, and is DATABASE_URL right?'
}

function hintFor(reason: string): string {
  if (/full|no space|quota|I\/O error|unable to open/.test(reason))
    return 'make room there, or name another with --db'
  if (/read-?only/.test(reason))
    return 'name another with --db; the unit of the controller may write below the state directory and beside controller.database alone, which must be no link to elsewhere'
  if (/malformed|not a database/.test(reason))
    return 'move it, its -wal and its -shm aside, and put a backup in its place; without one a new queue is made'
  if (/permitted|permission/.test(reason)) return 'run it as root, or name another with --db'
  return 'name another with --db, in a directory that takes files'
}
