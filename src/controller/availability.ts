import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { databaseAway } from './api/errors.ts'
import { isDatabaseGone } from './db/database-gone.ts'
import type { Queue } from './queue/queue.ts'
import { tick } from './queue/tick.ts'

const probeEveryMs = 500

/** Keeps the leases, and knows whether the database answers. */
export interface Availability {
  /** Before each request: 503 while the database is away. */
  gate(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /** A request has met a database that is gone. */
  lost(error: unknown): void
  /** Ends once the last tick is over. */
  close(): Promise<void>
}

export function watchDatabase(queue: Queue, say: (line: string) => void): Availability {
  const closing = new AbortController()
  let isAway = false
  const lost = (error: unknown): void => {
    if (isAway) return
    isAway = true
    say(`the database does not answer: ${error instanceof Error ? error.message : error}`)
  }
  const keep = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await tick(queue)
        // Only after a tick: it moves the leases along, which ran on while nobody could renew them.
        if (isAway) {
          isAway = false
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
    while (performance.now() < end && !isAway && !closing.signal.aborted)
      await sleep(Math.min(probeEveryMs, queue.rules.tickSeconds * 1000), undefined, {
        signal: closing.signal,
      }).catch(() => undefined)
    if (isAway)
      await sleep(probeEveryMs, undefined, { signal: closing.signal }).catch(() => undefined)
  }
  const kept = keep()
  return {
    gate: async (request, reply) => {
      const { audience } = request.routeOptions.config
      if (audience === undefined) return
      try {
        queue.db.refuseGone()
      } catch (error) {
        lost(error)
      }
      if (!isAway || request.routeOptions.url === '/healthz') return
      const { status, ...answer } = databaseAway
      return reply.status(status).header('retry-after', '2').send(answer)
    },
    lost,
    close: async () => {
      closing.abort()
      await kept
    },
  }
}
