import { UserError } from '../errors.ts'
import { systemReason } from '../host/system-reason.ts'
import { isDatabaseGone } from './db/database-gone.ts'
import { Refused } from './queue/refused.ts'

/** For the log, as the rest of a sentence: `known` words what is nobody's fault here; all else is a bug, told with where it is. */
export function problemIn(error: unknown, known: (reason: string) => string): string {
  if (error instanceof Error && isKnown(error)) return known(error.message)
  const stack = error instanceof Error ? error.stack : String(error)
  return `met a bug in pifarm; please report it: ${stack}`
}

function isKnown(error: Error): boolean {
  return (
    error instanceof Refused ||
    error instanceof UserError ||
    isDatabaseGone(error) ||
    systemReason(error) !== undefined
  )
}
