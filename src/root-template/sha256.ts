import { UserError } from '../errors.ts'
import type { Workshop } from '../host/workshop.ts'

/** The sha256 of a file in hex. Runs beside the reading of the same file, which keeps it cached. */
export async function sha256Of(
  workshop: Workshop,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const { code, stdout, stderr } = await workshop.work({ argv: ['sha256sum'], input: path }, signal)
  const sum = /^[0-9a-f]{64}/.exec(stdout)?.[0]
  if (code !== 0 || sum === undefined)
    throw new UserError(`cannot read ${path}: ${stderr.trim().split('\n').at(-1)}`)
  return sum
}
