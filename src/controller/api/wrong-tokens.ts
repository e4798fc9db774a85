import { normalizeIP } from '@fastify/rate-limit'
import { Refused } from '../queue/refused.ts'

const allowed = 20
const windowMs = 60_000

/**
 * Answers wrong tokens, and cookies of sessions that never were: 401, and 429 once an address has shown
 * too many within a minute. Only what was compared and found wrong comes here: what is right passes
 * whatever others at its address do. A cookie of the admin token before is counted, too: nothing tells
 * it from one that was made up.
 */
export function wrongTokens(): (
  address: string,
  hint: string,
  what?: 'token' | 'session',
) => Refused {
  const counts = new Map<string, number>()
  let since = performance.now()
  return (address, hint, what = 'token') => {
    const now = performance.now()
    if (now - since >= windowMs) {
      counts.clear()
      since = now
    }
    // As `--rate-limit` counts: whoever has one address of IPv6 has the whole /64 to guess from.
    const origin = normalizeIP(address)
    const count = (counts.get(origin) ?? 0) + 1
    counts.set(origin, count)
    const unknown = `this ${what} is not known`
    if (count <= allowed) return new Refused(401, unknown, hint)
    const seconds = Math.ceil((since + windowMs - now) / 1000)
    return new Refused(429, `${unknown}, like too many before it from this address`, hint, seconds)
  }
}
