import { getSystemErrorMap } from 'node:util'

/** What the system said, in words alone: "no space left on device". Undefined: the error is not the system's. */
export function systemReason(error: unknown): string | undefined {
  // Several addresses of one host, each with its error.
  if (error instanceof AggregateError) return systemReason(error.errors[0])
  if (!(error instanceof Error) || !('errno' in error)) return undefined
  return getSystemErrorMap().get(Number(error.errno))?.[1]
}
