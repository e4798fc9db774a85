import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { defaultRules } from '../../src/controller/queue/queue.ts'
import type { Claimed } from '../../src/protocol/agent-api.ts'
import { type ControllerHere, controllerHere } from './controller-here.ts'
import { playedAgent } from './played-agent.ts'

const secret = 'webhook-secret-of-this-test'
let controller: ControllerHere

beforeAll(async () => {
  controller = await controllerHere({
    legacy: true,
    webhookSecret: secret,
    rules: { ...defaultRules, tidy: { policy: 'move', afterSeconds: 0 }, random: () => 0 },
  })
})
afterAll(() => controller.remove())

async function submit(path: string, more: object = {}): Promise<string> {
  writeFileSync(join(controller.media, path), 'video')
  return (await controller.ask('POST', '/v1/jobs', { path, ...more })).json.id
}

async function eventually<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries++) {
    const found = await look()
    if (found !== undefined) return found
    await sleep(50)
  }
  throw new Error('it never came')
}

describe('webhooks', () => {
  interface Told {
    readonly event: string
    readonly delivery: string
    readonly body: string
    readonly isSigned: boolean
  }
  const told: Told[] = []
  let answers: number[] = []
  let server: Server
  let webhook: string

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      let body = ''
      for await (const piece of request) body += piece
      const mac = createHmac('sha256', secret).update(body).digest('hex')
      told.push({
        event: String(request.headers['x-pifarm-event']),
        delivery: String(request.headers['x-pifarm-delivery']),
        body,
        isSigned: request.headers['x-pifarm-signature'] === `sha256=${mac}`,
      })
      response.writeHead(answers.shift() ?? 200, { location: 'http://127.0.0.1:9/' }).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    webhook = `http://127.0.0.1:${(server.address() as AddressInfo).port}/told`
    return () => server.close()
  })

  /** The pause before another try is over. */
  const now = () => controller.queue.db.kysely.updateTable('webhooks').set({ next_at: 0 }).execute()

  test('ready: signed, and again until it is taken, as the same delivery', async () => {
    answers = [500, 302]
    const agent = playedAgent(controller)
    await agent.register()
    const id = await submit('ready.mp4', { webhook })
    await agent.complete((await agent.claim()).json)
    for (let tries = 1; tries <= 3; tries++) {
      await eventually(() => told[tries - 1])
      const { tries: counted } = await eventually(() =>
        controller.queue.db.kysely
          .selectFrom('webhooks')
          .selectAll()
          .where((or) =>
            or.or([or('error', '=', `HTTP ${[500, 302][tries - 1]}`), or('delivered', '=', 1)]),
          )
          .executeTakeFirst(),
      )
      expect(counted).toBe(tries)
      await now()
    }
    expect(told).toHaveLength(3)
    expect(new Set(told.map(({ delivery, body }) => delivery + body)).size).toBe(1)
    expect(told.every(({ isSigned }) => isSigned)).toBe(true)
    expect(JSON.parse(told[0]?.body ?? '')).toMatchObject({
      event: 'job.ready',
      job: { id, state: 'done', result: { master: 'ready.mp4.hls/manifest_master.m3u8' } },
    })
  })

  test('failed', async () => {
    const agent = playedAgent(controller)
    await submit('failed.mp4', { webhook })
    await agent.fail((await agent.claim()).json)
    const last = await eventually(() => told[3])
    expect([last.event, last.isSigned]).toEqual(['job.failed', true])
    expect(JSON.parse(last.body)).toMatchObject({ job: { state: 'failed' } })
  })
})

describe('the original muxer', () => {
  /** The bytes that its urllib2 sends: no token, no body where there is nothing to say, another Host. */
  async function post(path: string, form?: string) {
    const { port, hostname } = new URL(controller.address)
    const socket = connect(Number(port), hostname)
    const head = [`POST ${path} HTTP/1.1`, 'Accept-Encoding: identity']
    if (form !== undefined)
      head.push(`Content-Length: ${form.length}`, 'Content-Type: application/x-www-form-urlencoded')
    head.push('Host: videobackend', 'Connection: close', 'User-Agent: Python-urllib/2.7')
    socket.write(`${head.join('\r\n')}\r\n\r\n${form ?? ''}`)
    let text = ''
    for await (const piece of socket) text += piece
    const [top = '', body = ''] = text.split('\r\n\r\n')
    return { status: Number(top.split(' ')[1]), json: JSON.parse(body) }
  }

  test('takes a job, completes it, tidies it; then there is nothing', async () => {
    expect((await post('/muxer/3')).json).toEqual({ status: 'empty' })
    const id = await submit('old.mp4')
    const taken = await post('/muxer/3')
    expect(taken).toMatchObject({ status: 200, json: { job: { id, path: 'old.mp4' } } })
    expect((await post(`/muxer/inprocess/3/${id}`)).status).toBe(200)
    // Another with the default number has it not.
    expect((await post(`/muxer/complete/1/${id}`)).status).toBe(409)
    expect((await post(`/muxer/complete/3/${id}`)).status).toBe(200)
    expect((await controller.ask('GET', `/v1/jobs/${id}`)).json.job.state).toBe('done')

    const tidy = await post('/tidy/3')
    const file = tidy.json.files.find(({ path }: { path: string }) => path === 'old.mp4')
    expect((await post(`/tidy/complete/3/${file.id}`)).status).toBe(200)
    for (const { id: other } of tidy.json.files) await post(`/tidy/complete/3/${other}`)
    expect((await post('/tidy/3')).json).toEqual({ status: 'empty' })
    expect((await post('/muxer/3')).json).toEqual({ status: 'empty' })
  })

  test.each([
    ['DirectoryExists', 'failed'],
    ['MissingFile', 'failed'],
    ['CantGetBitRate', 'failed'],
    ['FFmpegErr', 'queued'],
  ])('fails with %s: %s', async (reason, state) => {
    const id = await submit(`${reason}.mp4`)
    await post('/muxer/3')
    expect((await post(`/muxer/failed/3/${id}`, `reason=${reason}`)).status).toBe(200)
    const { job } = (await controller.ask('GET', `/v1/jobs/${id}`)).json
    expect(job).toMatchObject({ state, failure: { reason } })
  })

  test('its jobs last a day, for it gives no sign of life; drained it gets none', async () => {
    const id = await submit('long.mp4')
    await post('/muxer/3')
    const { lease_until, leased_at } = await controller.queue.db.kysely
      .selectFrom('jobs')
      .selectAll()
      .where('id', '=', Number(id))
      .executeTakeFirstOrThrow()
    expect(Number(lease_until) - Number(leased_at)).toBe(24 * 3600 * 1000)
    await post(`/muxer/failed/3/${id}`, 'reason=MissingFile')
    await submit('later.mp4')
    await controller.ask('POST', '/v1/muxers/3/drain', {})
    expect((await post('/muxer/3')).json).toEqual({ status: 'empty' })
  })

  test('its routes are not there unless wanted', async () => {
    const plain = await controllerHere()
    expect((await plain.ask('POST', '/muxer/3')).status).toBe(404)
    expect((await plain.ask('POST', '/tidy/3')).status).toBe(404)
    await plain.remove()
  })
})

test('jobs that agents claim are theirs: an original cannot end them', async () => {
  const agent = playedAgent(controller, '4')
  await agent.register()
  await submit('mine.mp4', { muxer: '4' })
  const job: Claimed = (await agent.claim()).json
  const url = new URL(`/muxer/complete/3/${job.job.id}`, controller.address)
  expect((await fetch(url, { method: 'POST' })).status).toBe(409)
  expect((await agent.complete(job)).status).toBe(200)
})
