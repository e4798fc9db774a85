import { z } from 'zod'
import { flag } from './pi-options.ts'

const seconds = z.coerce.number().positive().max(86_400, { error: 'at most a day, 86400' })

/** A signal that fires with the user's Ctrl-C, or when `--timeout` seconds have passed. */
export function deadline(signal: AbortSignal, timeout: string | undefined): AbortSignal {
  const limit = flag('--timeout', seconds, timeout)
  if (limit === undefined) return signal
  return AbortSignal.any([signal, AbortSignal.timeout(limit * 1000)])
}
