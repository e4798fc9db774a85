import type { FastifyInstance } from 'fastify'
import * as z from 'zod'
import { readClock } from '../db/database.ts'
import type { Controller } from './controller.ts'
import { route } from './route.ts'

/** Whether the controller can do its work: 200, or 503 while the database is away. */
export function healthRoutes(app: FastifyInstance, { queue, version }: Controller): void {
  route(
    app,
    {
      audience: 'open',
      group: 'machines',
      method: 'GET',
      url: '/healthz',
      summary: '200 while the database answers, else 503',
      answer: z.object({ ok: z.literal(true), version: z.string() }),
      unlimited: true,
    },
    async () => {
      queue.db.refuseGone()
      await readClock(queue.db)
      return { ok: true as const, version }
    },
  )
}
