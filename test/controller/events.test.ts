import fastify from 'fastify'
import { afterEach, expect, test } from 'vitest'
import type { Controller } from '../../src/controller/api/controller.ts'
import { eventRoutes } from '../../src/controller/api/events.ts'
import { localBulletin } from '../../src/controller/queue/bulletin.ts'

const app = fastify()
afterEach(() => app.close())

test('news that come while a stream is ending are written to nobody', async () => {
  const stopping = new AbortController()
  const bulletin = localBulletin()
  const queue = { bulletin } as Controller['queue']
  app.decorateRequest('session', '')
  eventRoutes(app, { queue, version: '1', stopping: stopping.signal, media: undefined })
  let left: Error[] = []
  app.addHook('onRequest', async (_, reply) => {
    // Fastify hears the first error of a response only; the next would end the process.
    reply.raw.on('error', (error) => left.push(error))
  })
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const { body } = await fetch(`${address}/v1/events`)
  const reader = body?.getReader()
  await reader?.read()
  left = []
  stopping.abort()
  for (let times = 0; times < 3; times++) bulletin.tell({ kind: 'gap' })
  while (!(await reader?.read())?.done);
  expect(left).toEqual([])
})
