import { sql } from 'kysely'
import { readClock } from '../db/database.ts'
import { type ClaimedRow, type Claimer, claimNext } from './claim.ts'
import type { Queue } from './queue.ts'

const lookEveryMs = 1000

/** Muxers that wait for a job. */
export interface Waiting {
  /** The next job, or undefined when the time is over or the signal fires. */
  next(claimer: Claimer, seconds: number, signal: AbortSignal): Promise<ClaimedRow | undefined>
  close(): void
}

/**
 * Wakes waiting muxers when there may be something for them: by news, and by looking once a second
 * for jobs whose time has come, while somebody waits.
 */
export function waitForJobs(queue: Queue): Waiting {
  const wake = new Set<() => void>()
  const wakeAll = (): void => {
    for (const one of [...wake]) one()
  }
  const unhear = queue.bulletin.hear(({ kind }) => {
    if (kind === 'work') wakeAll()
  })
  let looked: number | undefined
  const look = async (): Promise<void> => {
    const now = await readClock(queue.db)
    const since = looked === undefined || looked > now ? 0 : looked
    looked = now
    const due = await queue.db.kysely
      .selectFrom('jobs')
      .select('id')
      .where('state', '=', sql.lit('queued'))
      .where('run_at', '>', since)
      .where('run_at', '<=', now)
      .limit(1)
      .executeTakeFirst()
    if (due !== undefined) wakeAll()
  }
  const timer = setInterval(() => {
    if (wake.size > 0) look().catch(() => undefined)
  }, lookEveryMs).unref()

  return {
    next: async (claimer, seconds, signal) => {
      const end = performance.now() + seconds * 1000
      while (!signal.aborted) {
        // Registered before it looks: what is told in between is not missed.
        const woken = waitFor(wake, end, signal)
        const job = await claimNext(queue, claimer).catch((error) => {
          woken.cancel()
          throw error
        })
        if (job !== undefined) {
          woken.cancel()
          return job
        }
        if (!(await woken.news)) return undefined
      }
      return undefined
    },
    close: () => {
      clearInterval(timer)
      unhear()
    },
  }
}

/** Answers true when woken, false when the time is over or the signal fires. */
function waitFor(wake: Set<() => void>, end: number, signal: AbortSignal) {
  let finish: (isNews: boolean) => void = () => undefined
  const news = new Promise<boolean>((resolve) => {
    const woken = (): void => finish(true)
    const aborted = (): void => finish(false)
    const timer = setTimeout(aborted, Math.max(0, end - performance.now()))
    finish = (isNews) => {
      clearTimeout(timer)
      wake.delete(woken)
      signal.removeEventListener('abort', aborted)
      resolve(isNews)
    }
    wake.add(woken)
    signal.addEventListener('abort', aborted, { once: true })
  })
  return { news, cancel: () => finish(false) }
}
