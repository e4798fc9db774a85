import { promisify } from 'node:util'
import fastify, { type FastifyInstance } from 'fastify'
import { beforeEach, expect, test } from 'vitest'
import type { Controller } from '../../src/controller/api/controller.ts'
import { eventRoutes } from '../../src/controller/api/events.ts'
import { localBulletin } from '../../src/controller/queue/bulletin.ts'

let app: FastifyInstance
let address: string
const bulletin = localBulletin()
const stopping = new AbortController()
let left: Error[] = []

beforeEach(async () => {
  app = fastify()
  const queue = { bulletin } as Controller['queue']
  app.decorateRequest('session', '')
  eventRoutes(app, { queue, version: '1', stopping: stopping.signal, media: undefined })
  app.addHook('onRequest', async (_, reply) => {
    // Fastify hears the first error of a response only; the next would end the process.
    reply.raw.on('error', (error) => left.push(error))
  })
  address = await app.listen({ port: 0, host: '127.0.0.1' })
  return () => app.close()
})

/** Those with a request under way. */
async function connections({ server }: FastifyInstance): Promise<number> {
  server.closeIdleConnections()
  return await promisify(server.getConnections.bind(server))()
}

test('who asks for the head alone is not kept waiting for news', async () => {
  const { status, headers } = await fetch(`${address}/v1/events`, {
    method: 'HEAD',
    signal: AbortSignal.timeout(10_000),
  })
  expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8'])
  expect(await connections(app)).toBe(0)
})

test('news that come while a stream is ending are written to nobody', async () => {
  const { body } = await fetch(`${address}/v1/events`)
  const reader = body?.getReader()
  await reader?.read()
  left = []
  stopping.abort()
  for (let times = 0; times < 3; times++) bulletin.tell({ kind: 'gap' })
  while (!(await reader?.read())?.done);
  expect(left).toEqual([])
})
