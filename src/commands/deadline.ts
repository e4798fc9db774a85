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
  setTimeout(() => limit.abort(), timeout * 1000).unref()
  endWith(limit, signal)
  return limit.signal
}

/** Ends it with the first of these that fires, or has fired by now. */
export function endWith(
  over: AbortController,
  ...ends: readonly (AbortSignal | undefined)[]
): void {
  for (const end of ends) {
    // A signal that has fired by now fires no more.
    if (end?.aborted) over.abort()
    end?.addEventListener('abort', () => over.abort(), { once: true })
  }
}
