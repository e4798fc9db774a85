import { exitCodes, UserError } from '../errors.ts'
import type { Output } from '../host/host.ts'
import { visible } from '../ui/visible.ts'

/**
 * tar and mount end with a line that says only that something went wrong further up; unzip with one
 * on what it was told to leave out, where there is nothing of it.
 */
const idle =
  /Exiting with failure status|Error is not recover|Child returned status|Skipping to next header|dmesg\(1\) may have|^caution: excluded/
/** tar tells of a disk that was full within a file by what it could not write. */
const full = /No space left on device|Wrote only \d+ of \d+ bytes/

/** What a command that failed has to say, in its own last words, with what can be done about it. */
export function fetchFailure(what: string, { code, stderr }: Output, hint?: string): UserError {
  const isFull = full.test(stderr)
  return new UserError(`${what} failed: ${tellingLine(stderr) ?? `it ended with ${code}`}`, {
    hint: isFull ? 'the disk of the roots is full: make room there' : hint,
    exitCode: exitCodes.putBack,
  })
}

function tellingLine(stderr: string): string | undefined {
  const lines = stderr
    .split('\n')
    .map((line) => visible(line).trim())
    .filter((line) => line !== '' && !idle.test(line))
  // What a program says of itself begins with its name; the others begin with what is wrong.
  const named = lines.filter((line) => /^[\w.-]+: /.test(line))
  if (named.length === 0) return lines.find((line) => !line.startsWith('['))
  // bzip2 goes on with the last error of the system, whatever that was about.
  const bzip2 = named.find((line) => line.startsWith('bzip2: '))
  return named.findLast((line) => full.test(line)) ?? bzip2 ?? named.at(-1)
}
