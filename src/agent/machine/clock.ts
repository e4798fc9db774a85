import { setTimeout as sleepFor } from 'node:timers/promises'

/** Time and chance, so that a test can have other ones. */
export interface Clock {
  /** Ends early, and without an error, when the signal is aborted. */
  sleep(seconds: number, signal: AbortSignal): Promise<void>
  /** From 0 to 1. */
  random(): number
}

export const realClock: Clock = {
  sleep: async (seconds, signal) => {
    await sleepFor(seconds * 1000, undefined, { signal }).catch(() => undefined)
  },
  random: Math.random,
}
