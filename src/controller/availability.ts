import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { answerGone } from './api/errors.ts'
import { isDatabaseGone } from './db/database-gone.ts'
import { DatabaseLost } from './db/database-lost.ts'
import type { Queue } from './queue/queue.ts'
import { tick } from './queue/tick.ts'

const probeEveryMs = 500

/** Keeps the leases, and knows whether the database answers. */
export interface Availability {
  /** Before each request: refuses it while the database is away. */
  gate(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /** A request has met a database that is gone. */
  lost(error: unknown): void
  /** Done when it will not come back in this process. */
  readonly lostForGood: Promise<DatabaseLost>
  /** Ends once the last tick is over. */
  close(): Promise<void>
}

export function watchDatabase(queue: Queue, say: (line: string) => void): Availability {
  const closing = new AbortController()
  /** Why. */
  let away: unknown
  let giveUp: (why: DatabaseLost) => void
  const lostForGood = new Promise<DatabaseLost>((resolve) => {
    giveUp = resolve
  })
  const lost = (error: unknown): void => {
    if (error instanceof DatabaseLost) {
      away = error
      closing.abort()
      giveUp(error)
    }
    if (away !== undefined) return
    away = error
    say(`the database does not answer: ${error instanceof Error ? error.message : error}`)
  }
  const keep = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await tick(queue)
        // Only after a tick: it moves the leases along, which ran on while nobody could renew them.
        if (away !== undefined && !(away instanceof DatabaseLost)) {
          away = undefined
          say('the database is back')
          queue.bulletin.tell({ kind: 'gap' }, { kind: 'work' })
        }
      } catch (error) {
        if (!isDatabaseGone(error)) say(`a tick failed: ${(error as Error).stack}`)
        else lost(error)
      }
      await pause()
    }
  }
  const pause = async (): Promise<void> => {
    const end = performance.now() + queue.rules.tickSeconds * 1000
    while (performance.now() < end && away === undefined && !closing.signal.aborted) {
      await rest(Math.min(probeEveryMs, queue.rules.tickSeconds * 1000))
      look()
    }
    if (away !== undefined) await rest(probeEveryMs)
  }
  const rest = (ms: number) =>
    sleep(ms, undefined, { signal: closing.signal }).catch(() => undefined)
  /** Where nobody asks, nothing else would notice it before the next tick. */
  const look = (): void => {
    try {
      queue.db.refuseGone()
    } catch (error) {
      lost(error)
    }
  }
  const kept = keep()
  return {
    gate: async (request, reply) => {
      const { audience } = request.routeOptions.config
      if (audience === undefined) return
      look()
      if (away !== undefined) return answerGone(away, request, reply)
    },
    lost,
    lostForGood,
    close: async () => {
      closing.abort()
      await kept
    },
  }
}
