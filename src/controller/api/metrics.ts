import type { FastifyInstance } from 'fastify'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { type JobState, jobStates } from '../../protocol/views.ts'
import { readClock } from '../db/database.ts'
import type { Queue } from '../queue/queue.ts'
import type { Controller } from './controller.ts'
import { route } from './route.ts'

/** What Prometheus reads. Counts come from the database, so that every controller says the same. */
export function metricRoutes(app: FastifyInstance, { queue }: Controller): void {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  addQueueGauges(registry, queue)
  const seconds = new Histogram({
    name: 'pifarm_http_request_seconds',
    help: 'How long requests took, the waiting of claims included',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30],
    registers: [registry],
  })
  app.addHook('onResponse', async ({ method, routeOptions }, reply) => {
    const labels = { method, route: routeOptions.url ?? 'unknown', status: reply.statusCode }
    seconds.observe(labels, reply.elapsedTime / 1000)
  })
  route(
    app,
    {
      audience: 'admin',
      group: 'machines',
      method: 'GET',
      url: '/metrics',
      summary: 'for Prometheus',
      unlimited: true,
    },
    async ({ reply }) => {
      const text = await registry.metrics()
      reply.type(registry.contentType).serializer(String).send(text)
      return undefined
    },
  )
}

function addQueueGauges(registry: Registry, { db }: Queue): void {
  const registers = [registry]
  new Gauge({
    name: 'pifarm_jobs',
    help: 'Jobs in each state',
    labelNames: ['state'],
    registers,
    async collect() {
      const rows = await db.kysely
        .selectFrom('jobs')
        .select((select) => ['state', select.fn.countAll<number>().as('jobs')])
        .groupBy('state')
        .execute()
      const counts = new Map(rows.map(({ state, jobs }) => [state, Number(jobs)]))
      for (const state of jobStates) this.set({ state }, counts.get(state as JobState) ?? 0)
    },
  })
  new Gauge({
    name: 'pifarm_oldest_queued_seconds',
    help: 'How long the job that could have been claimed first has waited; 0 without one',
    registers,
    async collect() {
      const now = await readClock(db)
      const oldest = await db.kysely
        .selectFrom('jobs')
        .select((select) => select.fn.min('run_at').as('since'))
        .where('state', '=', 'queued')
        .where('run_at', '<=', now)
        .executeTakeFirst()
      const since = oldest?.since ?? now
      this.set((now - Number(since)) / 1000)
    },
  })
  new Gauge({
    name: 'pifarm_muxer_last_seen_seconds',
    help: 'How long ago each muxer was heard of',
    labelNames: ['muxer'],
    registers,
    async collect() {
      const now = await readClock(db)
      const muxers = await db.kysely.selectFrom('muxers').select(['id', 'last_seen_at']).execute()
      this.reset()
      for (const { id, last_seen_at } of muxers)
        this.set({ muxer: id }, Math.max(0, (now - last_seen_at) / 1000))
    },
  })
}
