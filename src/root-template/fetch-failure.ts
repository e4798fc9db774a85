import { exitCodes, UserError } from '../errors.ts'
import type { Output } from '../host/host.ts'
import { visible } from '../ui/visible.ts'

/** What a command that failed has to say, in its own last words, with what can be done about it. */
export function fetchFailure(what: string, { code, stderr }: Output, hint?: string): UserError {
  const lines = stderr.trim().split('\n').map(visible)
  // tar and mount end with a line that says only that something went wrong further up.
  const telling = lines.filter(
    (line) => !/Exiting with failure status|Error is not recover|dmesg\(1\) may have/.test(line),
  )
  const isFull = /No space left on device/.test(stderr)
  return new UserError(`${what} failed: ${telling.at(-1) || `it ended with ${code}`}`, {
    hint: isFull ? 'the disk of the roots is full: make room there' : hint,
    exitCode: exitCodes.putBack,
  })
}
