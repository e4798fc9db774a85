import { exitCodes, UserError } from '../errors.ts'
import type { Reader } from '../host/host.ts'

interface CommandLog {
  readonly path: string
  /** What was in it before. */
  readonly before: string
}

/**
 * What failed with the work begun, in words for a person: a disk that is full, and where a command's
 * own words are, when there are any.
 */
export async function withLog(
  nas: Reader,
  { path, before }: CommandLog,
  cause: unknown,
): Promise<unknown> {
  const told = fullDisk(cause) ?? cause
  const written = await nas.read(path)
  if (!(told instanceof UserError) || written?.kind !== 'file' || written.text === before)
    return told
  const hint = told.hint === undefined ? '' : `${told.hint}; `
  return new UserError(told.message, {
    hint: `${hint}what the commands said is in ${path}`,
    exitCode: told.exitCode === exitCodes.usage ? exitCodes.putBack : told.exitCode,
    cause,
  })
}

/** Files that pifarm writes itself, in a step or to seal, when there is no room left for them. */
function fullDisk(cause: unknown): UserError | undefined {
  if (!(cause instanceof Error && 'code' in cause)) return undefined
  if (cause.code !== 'ENOSPC' && cause.code !== 'EDQUOT') return undefined
  return new UserError(cause.message, {
    hint: 'the disk is full: make room there',
    exitCode: exitCodes.putBack,
    cause,
  })
}
