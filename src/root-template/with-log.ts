import { type ExitCode, exitCodes, UserError } from '../errors.ts'
import type { Reader } from '../host/host.ts'

interface CommandLog {
  readonly path: string
  /** What was in it before. */
  readonly before: string
}

/** Says where a command's own words are, when there are any, of what failed with the work begun. */
export async function withLog(
  nas: Reader,
  { path, before }: CommandLog,
  cause: unknown,
  exitCode: ExitCode,
): Promise<unknown> {
  const written = await nas.read(path)
  if (!(cause instanceof UserError) || written?.kind !== 'file' || written.text === before)
    return cause
  const hint = cause.hint === undefined ? '' : `${cause.hint}; `
  return new UserError(cause.message, {
    hint: `${hint}what the commands said is in ${path}`,
    exitCode: cause.exitCode === exitCodes.usage ? exitCode : cause.exitCode,
    cause,
  })
}
