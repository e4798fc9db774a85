import * as z from 'zod'
import { flag } from './pi-options.ts'

/** At most a day. */
const seconds = z.coerce.number().min(0.01).max(86_400)

/** What `--timeout` says, in seconds. Throws a `UserError`: call it before anything is changed. */
export function readTimeout(given: string | undefined): number | undefined {
  return flag('--timeout', seconds, given)
}

/** A signal that fires with the user's Ctrl-C, or when so many seconds have passed. */
export function deadline(signal: AbortSignal, timeout: number | undefined): AbortSignal {
  if (timeout === undefined) return signal
  // Not AbortSignal.any with AbortSignal.timeout: on Node 20 a garbage collection silences the two.
  const limit = new AbortController()
  const stop = () => limit.abort()
  setTimeout(stop, timeout * 1000).unref()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  return limit.signal
}
