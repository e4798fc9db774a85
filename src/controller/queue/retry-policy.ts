/** What becomes of a job whose attempt failed. */
export type AfterFailure =
  | { readonly kind: 'again'; readonly delaySeconds: number }
  /** Another attempt would end the same way. */
  | { readonly kind: 'failed' }
  /** Given up. */
  | { readonly kind: 'dead'; readonly why: string }

export const maxFailures = 5
const maxMuxers = 3

export function afterFailure(
  failed: {
    readonly retryable: boolean
    /** Failed attempts, this one included. */
    readonly failures: number
    /** How many different muxers it failed on. */
    readonly muxers: number
  },
  random: () => number,
): AfterFailure {
  if (!failed.retryable) return { kind: 'failed' }
  if (failed.muxers >= maxMuxers)
    return { kind: 'dead', why: `failed on ${failed.muxers} different muxers` }
  if (failed.failures >= maxFailures)
    return { kind: 'dead', why: `failed ${failed.failures} times` }
  return { kind: 'again', delaySeconds: pause(failed.failures, random) }
}

/** Half a minute, doubled each time up to an hour, spread by half: jobs that failed together do not come back together. */
function pause(failures: number, random: () => number): number {
  return Math.min(3600, 30 * 2 ** (failures - 1)) * (0.5 + random())
}

export const failuresInRow = 3

/**
 * Whether a muxer is to be set aside: its newest attempts, newest first, failed on so many different
 * jobs without one success. One bad job, tried again and again, does not condemn it.
 */
export function isSuspect(
  newest: readonly { readonly job: number; readonly outcome: string; readonly blamed: boolean }[],
): boolean {
  const success = newest.findIndex(({ outcome }) => outcome === 'complete')
  const since = success === -1 ? newest : newest.slice(0, success)
  return new Set(since.filter(({ blamed }) => blamed).map(({ job }) => job)).size >= failuresInRow
}
