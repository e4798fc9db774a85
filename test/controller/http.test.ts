import { once } from 'node:events'
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Claimed } from '../../src/protocol/agent-api.ts'
import {
  jobPage,
  jobStory,
  jobView,
  mediaListing,
  muxerList,
  muxerView,
  throughput,
  upcoming,
} from '../../src/protocol/views.ts'
import { adminToken, type ControllerHere, controllerHere } from './controller-here.ts'
import { playedAgent } from './played-agent.ts'

let controller: ControllerHere
let agent: ReturnType<typeof playedAgent>
let videos = 0
const asked = new Set<string>()

beforeAll(async () => {
  controller = await controllerHere()
  const { media, dir } = controller
  mkdirSync(join(media, 'films/made.mp4.hls'), { recursive: true })
  writeFileSync(join(media, 'films/made.mp4.hls/manifest_master.m3u8'), '#EXTM3U\n')
  writeFileSync(join(media, 'films/made.mp4.hls/media_1.ts'), '0123456789')
  writeFileSync(join(media, 'films/made.mp4'), 'video')
  writeFileSync(join(media, 'other.mp4'), 'video')
  writeFileSync(join(media, `${'long'.repeat(63)}.m`), 'video')
  writeFileSync(join(dir, 'secret.mp4'), 'secret')
  symlinkSync(join(dir, 'secret.mp4'), join(media, 'link.mp4'))
  symlinkSync(dir, join(media, 'linked'))
  symlinkSync('films/made.mp4', join(media, 'inside.mp4'))
  symlinkSync(join(dir, 'secret.mp4'), join(media, 'films/made.mp4.hls/out.ts'))
  agent = playedAgent(controller)
  await agent.register()
})
afterAll(() => controller.remove())

/** Asks as a person, and remembers which route it was. */
async function ask(method: string, route: string, path = route, body?: unknown) {
  asked.add(`${method} ${route}`)
  return await controller.ask(method, path, body)
}

async function submit(wish: object = {}) {
  const path = `v${++videos}.mp4`
  writeFileSync(join(controller.media, path), 'video')
  return await ask('POST', '/v1/jobs', '/v1/jobs', { path, ...wish })
}

async function claimed(): Promise<Claimed> {
  await submit()
  const answer = await agent.claim()
  expect(answer.status).toBe(200)
  return answer.json
}

describe('people', () => {
  test('submit, find, change and read jobs', async () => {
    const made = await submit({ priority: 7, needs: ['never'] })
    expect(made.status).toBe(201)
    const { id } = jobView.parse(made.json)
    const find = (query: string) => ask('GET', '/v1/jobs', `/v1/jobs?${query}`)
    const again = await ask('POST', '/v1/jobs', '/v1/jobs', { path: `v${videos}.mp4` })
    expect([again.status, again.json]).toMatchObject([
      200,
      { id, priority: 50, takenOver: ['priority'], notTakenOver: ['needs'] },
    ])
    const page = jobPage.parse((await find(`q=v${videos}.MP4&state=queued&limit=1`)).json)
    expect(page).toMatchObject({ jobs: [{ id, priority: 50 }], next: null })
    const one = `/v1/jobs/{id}`
    const first = await ask('POST', `${one}/priority`, `/v1/jobs/${id}/priority`, { priority: 99 })
    expect(jobView.parse(first.json).priority).toBe(99)
    const gone = await ask('POST', `${one}/cancel`, `/v1/jobs/${id}/cancel`, {})
    expect(gone.json.state).toBe('cancelled')
    const back = await ask('POST', `${one}/retry`, `/v1/jobs/${id}/retry`)
    expect(back.json.state).toBe('queued')
    const story = jobStory.parse((await ask('GET', one, `/v1/jobs/${id}`)).json)
    expect(story).toMatchObject({ job: { id }, attempts: [] })
    const log = await ask('GET', `${one}/log`, `/v1/jobs/${id}/log`)
    expect(log.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    await ask('POST', `${one}/cancel`, `/v1/jobs/${id}/cancel`, {})
  })

  test('a file with HLS is submitted only to replace it, and meets its job while that is alive', async () => {
    const post = (wish: object) =>
      ask('POST', '/v1/jobs', '/v1/jobs', { needs: ['never'], ...wish })
    const path = 'films/made.mp4'
    const refused = await post({ path })
    expect([refused.status, refused.json]).toEqual([
      409,
      {
        error: '"films/made.mp4" has HLS already',
        hint: 'settings.onExists: "replace" makes it anew',
        field: 'settings.onExists',
      },
    ])
    // As a muxer sees it: beside the link, where there is none.
    expect((await post({ path: 'inside.mp4' })).status).toBe(201)
    const made = await post({ path, settings: { onExists: 'replace' } })
    expect(made.status).toBe(201)
    const again = await post({ path })
    expect([again.status, again.json]).toMatchObject([
      200,
      { id: made.json.id, notTakenOver: ['settings.onExists'] },
    ])
    await controller.ask('POST', `/v1/jobs/${made.json.id}/cancel`, {})
    expect((await post({ path })).status).toBe(409)
    expect((await controller.ask('GET', `/v1/jobs?q=${path}&state=queued`)).json.jobs).toEqual([])
  })

  test('an Idempotency-Key makes one job of two submissions', async () => {
    const post = (path: string, key: string) =>
      fetch(new URL('/v1/jobs', controller.address), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${adminToken}`,
          'content-type': 'application/json',
          'idempotency-key': key,
        },
        body: JSON.stringify({ path, needs: ['never'] }),
      })
    const statuses = []
    for (const path of ['other.mp4', 'other.mp4', 'inside.mp4'])
      statuses.push((await post(path, 'one')).status)
    expect(statuses).toEqual([201, 200, 422])
    expect((await post('inside.mp4', 'with blank')).status).toBe(400)

    // What became of the file since is no matter of the same request again.
    rmSync(join(controller.media, 'other.mp4'))
    expect((await post('other.mp4', 'one')).status).toBe(200)
    expect((await post('other.mp4', 'two')).status).toBe(400)
    expect((await post('gone.mp4', 'one')).status).toBe(422)
  })

  test('see, drain and resume muxers', async () => {
    const { muxers } = muxerList.parse((await ask('GET', '/v1/muxers')).json)
    expect(muxers).toMatchObject([{ id: '1', hostname: 'HLSPi1', drained: false }])
    const one = '/v1/muxers/{muxer}'
    expect(muxerView.parse((await ask('GET', one, '/v1/muxers/1')).json).id).toBe('1')
    expect((await ask('POST', `${one}/drain`, '/v1/muxers/1/drain', {})).json.drained).toBe(true)
    const refused = await agent.claim()
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([423, '30'])
    expect((await ask('POST', `${one}/resume`, '/v1/muxers/1/resume', {})).json.drained).toBe(false)
  })

  test('look into the media directory, and play what is finished, with ranges', async () => {
    const top = mediaListing.parse((await ask('GET', '/v1/media')).json)
    expect(top.entries.map(({ name }) => name)).not.toContain('link.mp4')
    expect(top.entries).toContainEqual({ name: 'films', kind: 'dir', bytes: null })
    const films = (await ask('GET', '/v1/media', '/v1/media?dir=films')).json
    expect(films.entries).toEqual([
      { name: 'made.mp4', kind: 'file', bytes: 5 },
      { name: 'made.mp4.hls', kind: 'hls', bytes: null },
    ])
    const hls = '/media/films/made.mp4.hls'
    const playlist = await ask('GET', '/media/{*}', `${hls}/manifest_master.m3u8`)
    expect([playlist.text, playlist.headers.get('cache-control')]).toEqual([
      '#EXTM3U\n',
      'no-cache',
    ])
    const range = await fetch(new URL(`${hls}/media_1.ts`, controller.address), {
      headers: { authorization: `Bearer ${adminToken}`, range: 'bytes=2-4' },
    })
    expect([range.status, await range.text()]).toEqual([206, '234'])
    for (const path of ['/media/films/made.mp4', `${hls}/no.ts`, `${hls}/out.ts`, `${hls}/`])
      expect((await controller.ask('GET', path)).status, path).toBeGreaterThanOrEqual(400)
  })

  test('read numbers: throughput, metrics, health', async () => {
    const { points } = throughput.parse((await ask('GET', '/v1/throughput')).json)
    expect(points).toHaveLength(24)
    const { waiting, jobs } = upcoming.parse((await ask('GET', '/v1/upcoming')).json)
    expect(jobs).toHaveLength(Math.min(waiting, 10))
    const metrics = await ask('GET', '/metrics')
    expect(metrics.headers.get('content-type')).toContain('text/plain')
    for (const name of ['pifarm_jobs{state="dead"} 0', 'pifarm_muxer_last_seen_seconds{muxer="1"}'])
      expect(metrics.text).toContain(name)
    expect((await ask('GET', '/healthz')).json).toMatchObject({ ok: true })
  })

  test('hear of every change: hello, job, muxer', async () => {
    asked.add('GET /v1/events')
    const stop = new AbortController()
    const events = await fetch(new URL('/v1/events', controller.address), {
      headers: { authorization: `Bearer ${adminToken}` },
      signal: stop.signal,
    })
    expect(events.headers.get('content-type')).toContain('text/event-stream')
    let heard = ''
    for await (const piece of events.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      if (heard === '') claimed().then(agent.complete)
      heard += piece
      if (/event: job\ndata: .*"done"/.test(heard) && /event: muxer/.test(heard)) break
    }
    stop.abort()
    expect(heard).toMatch(/^retry: 2000\nevent: hello\ndata: \{"version"/)
  })

  test('sign in with a cookie, which ends with DELETE', async () => {
    const session = new URL('/v1/session', controller.address)
    const signIn = (token: string) =>
      fetch(session, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token }),
      })
    expect((await signIn('wrong')).status).toBe(401)
    const cookie = (await signIn(adminToken)).headers.get('set-cookie') ?? ''
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; /)
    expect(cookie).not.toContain(adminToken)
    const [value = ''] = cookie.split(';')
    expect((await fetch(session, { headers: { cookie: value } })).status).toBe(200)
    const forged = value.replace(/.$/, value.endsWith('0') ? '1' : '0')
    expect((await fetch(session, { headers: { cookie: forged } })).status).toBe(401)
    const ended = await fetch(session, { method: 'DELETE' })
    expect(ended.headers.get('set-cookie')).toContain('Max-Age=0')
    for (const method of ['POST', 'GET', 'DELETE']) asked.add(`${method} /v1/session`)
  })
})

describe('agents', () => {
  test('claim, tell, and end a job well; the same again is the same answer', async () => {
    const job = await claimed()
    expect(job.lease).toMatchObject({ attempt: 1, leaseSeconds: 120, renewSeconds: 30 })
    const heard = await agent.heartbeat(job)
    expect(heard.json).toEqual({ leaseSeconds: 120, cancel: false, drain: false })
    const argv = Array.from({ length: 500 }, (_, word) => `${word}`.padEnd(4096, 'x'))
    expect((await agent.complete(job, undefined, { argv })).status).toBe(200)
    expect((await agent.complete(job)).status).toBe(200)
    expect((await agent.heartbeat(job)).status).toBe(409)
    const { attempts } = (await controller.ask('GET', `/v1/jobs/${job.job.id}`)).json
    expect(attempts).toMatchObject([{ outcome: 'complete', argv }])
  })

  test('release a job, fail it; a stale token is refused', async () => {
    const job = await claimed()
    expect((await agent.release(job)).status).toBe(200)
    const next: Claimed = (await agent.claim()).json
    expect(next.job.id).toBe(job.job.id)
    for (const stale of [agent.heartbeat, agent.complete, agent.fail, agent.release])
      expect((await stale(job)).status).toBe(409)
    expect((await agent.fail(next)).status).toBe(200)
    const log = await controller.ask('GET', `/v1/jobs/${job.job.id}/log`)
    expect(log.text).toContain('ffmpeg -i a b.mp4\nlast words')
  })

  test('tell what a broken video has in it: a zero byte, which a database keeps in no text', async () => {
    const job = await claimed()
    const failed = await agent.fail(job, { detail: 'moov\0atom', logTail: 'last\0 words' })
    expect(failed.status).toBe(200)
    const { attempts } = (await controller.ask('GET', `/v1/jobs/${job.job.id}`)).json
    const told = { detail: 'moov\ufffdatom', logTail: 'last\ufffd words' }
    expect(attempts).toMatchObject([told])
  })

  test('get nothing while locked, and 204 when there is nothing; woken when there is', async () => {
    await submit({ muxer: '1' })
    expect((await agent.claim(1, { locked: 'by me' })).status).toBe(204)
    expect((await agent.claim(0)).status).toBe(204)
    await agent.complete((await agent.claim()).json)
    const waiting = agent.claim(20)
    await submit()
    const woken = await waiting
    expect(woken.status).toBe(200)
    await agent.complete(woken.json)
  })

  test('tidy', async () => {
    expect((await agent.post('/v1/muxers/1/tidy/claim', {})).json).toEqual({ files: [] })
    const body = { outcome: 'moved', detail: '' }
    expect((await agent.post('/v1/tidy/77/complete', body)).status).toBe(404)
  })
})

test('the OpenAPI page names every route, and each was asked', async () => {
  const { paths } = (await controller.ask('GET', '/docs/json')).json
  const routes = Object.entries<object>(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const ofAgents = [
    ...['register', 'claim', 'tidy/claim'].map((what) => `POST /v1/muxers/{muxer}/${what}`),
    ...['heartbeat', 'complete', 'fail', 'release'].map((what) => `POST /v1/jobs/{id}/${what}`),
    'POST /v1/tidy/{id}/complete',
  ]
  const api = routes.filter((route) => / \/(?:v1|media|metrics|healthz)/.test(route))
  expect(api.sort()).toEqual([...asked, ...ofAgents].sort())
  expect((await controller.ask('GET', '/docs/')).text).toContain('swagger')
})

describe('refused with one line:', () => {
  const submission = (wish: object) => ({ method: 'POST', path: '/v1/jobs', body: wish })
  test.each([
    [404, { method: 'GET', path: '/v1/jobs/99999' }, 'there is no job 99999'],
    [400, { method: 'GET', path: '/v1/jobs?q=%00' }, 'q: a search has no zero byte'],
    [404, { method: 'POST', path: '/v1/jobs/99999/cancel', body: {} }, 'there is no job 99999'],
    [400, { method: 'GET', path: '/v1/jobs/x' }, 'id: an id is a number'],
    [400, { method: 'GET', path: '/v1/jobs?state=lost' }, 'state: '],
    [404, { method: 'POST', path: '/v1/muxers/77/drain', body: {} }, 'there is no muxer 77'],
    [404, { method: 'GET', path: '/v2' }, 'there is nothing at GET "/v2"'],
    [400, submission({ path: 'no.mp4' }), 'there is no "no.mp4" in the media directory'],
    [400, submission({ path: 'films' }), '"films" is not a file'],
    [400, submission({ path: 'link.mp4' }), '"link.mp4" leads out of the media directory'],
    [400, submission({ path: 'linked/secret.mp4' }), 'leads out of the media directory'],
    [400, submission({ path: '../secret.mp4' }), 'stays inside the media directory'],
    [400, submission({ path: '/etc/passwd' }), 'stays inside the media directory'],
    [400, submission({ path: `${'long'.repeat(63)}.m` }), 'is too long: 255 bytes with ".hls"'],
    [400, submission({ path: 'other.mp4', dedupeKey: '\0' }), 'dedupeKey: it has no zero byte'],
    [400, submission({ path: 'a\u0000.mp4' }), 'no control characters'],
    [400, submission({ path: 'films/made.mp4', priority: -1 }), 'priority: '],
    [400, submission({ path: 'films/made.mp4', priorty: 1 }), 'priorty'],
    [
      400,
      submission({ path: 'films/made.mp4', webhook: 'file:///etc/passwd' }),
      'webhook: "file:///etc/passwd" is not a URL that begins with http:// or https://',
    ],
    [
      400,
      submission({ path: 'films/made.mp4', webhook: 'nas/told' }),
      'webhook: "nas/told" is not a URL that begins with http:// or https://',
    ],
    [400, submission({ path: 'films/made.mp4', muxer: '../1' }), 'muxer: a muxer id is'],
    [400, { method: 'GET', path: '/v1/media?dir=../' }, 'stays inside the media directory'],
    [400, { method: 'GET', path: '/v1/media?dir=linked' }, 'leads out of the media directory'],
    [
      413,
      submission({ path: 'x'.repeat(10_000_000) }),
      'a body of 10000011 bytes is larger than the 262144 that POST /v1/jobs takes',
    ],
    [400, { method: 'GET', path: '/%' }, '"/%" is no path of a URL'],
    [414, { method: 'GET', path: `/v1/jobs/${'1'.repeat(3000)}` }, 'a part of the path is longer'],
  ])(
    '%i %j',
    async (status, {
      method,
      path,
      body,
    }: { method: string; path: string; body?: object }, message) => {
      const answer = await controller.ask(method, path, body)
      expect([answer.status, answer.json.error]).toEqual([status, expect.stringContaining(message)])
      expect(answer.json.error).not.toMatch(/\n|^[A-Z]/)
    },
  )

  test('what is not JSON: 415 by its type, 400 by its text', async () => {
    const post = async (type: string, body: string) => {
      const headers = { authorization: `Bearer ${adminToken}`, 'content-type': type }
      const answer = await fetch(new URL('/v1/jobs', controller.address), {
        method: 'POST',
        headers,
        body,
      })
      return [answer.status, ((await answer.json()) as { error: string }).error]
    }
    expect(await post('text/xml', '<a/>')).toEqual([
      415,
      'a body of the type "text/xml" is not application/json',
    ])
    expect((await post('application/x-www-form-urlencoded', 'path=a'))[0]).toBe(415)
    expect(await post('application/json', '{"path":')).toEqual([400, 'the body is not JSON'])
  })

  test('a body that does not say how large it is: 413 once it is too large', async () => {
    const { port, hostname } = new URL(controller.address)
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    const head = `POST /v1/jobs HTTP/1.1\r\nhost: nas\r\nauthorization: Bearer ${adminToken}\r\n`
    socket.write(`${head}content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`)
    const piece = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    for (let sent = 0; sent < 10_000_000; sent += 0x10000) socket.write(piece)
    const [answer] = await once(socket, 'data')
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /)
    expect(String(answer)).toContain('"error":"the body is larger than the 262144 bytes that POST')
    socket.destroy()
  })

  test.each([
    [400, 'HELLO\r\n\r\n', 'this is no HTTP request'],
    [431, `GET / HTTP/1.1\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 'the headers are larger than'],
  ])('what is no request at all: %i', async (status, text, error) => {
    const { port, hostname } = new URL(controller.address)
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    socket.write(text)
    let heard = ''
    for await (const piece of socket) heard += piece
    expect(heard).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    const [, body = ''] = heard.split('\r\n\r\n')
    expect(JSON.parse(body)).toEqual({ error: expect.stringContaining(error) })
  })

  test("wrong tokens, an agent's for people, people's for agents, another muxer's; too many", async () => {
    const by = async (token: string, method: string, path: string, body?: object) =>
      (await controller.ask(method, path, body, token)).status
    const claim = { state: {}, tmpFreeBytes: 0, waitSeconds: 0 }
    expect(await by(agent.id, 'GET', '/v1/jobs')).toBe(401)
    expect(await by(controller.tokenOf('1'), 'GET', '/v1/jobs')).toBe(401)
    expect(await by(controller.tokenOf('1'), 'POST', '/v1/muxers/1/drain', {})).toBe(401)
    expect(await by(controller.tokenOf('1'), 'GET', '/metrics')).toBe(401)
    expect(await by(adminToken, 'POST', '/v1/muxers/1/claim', claim)).toBe(401)
    expect(await by(controller.tokenOf('2'), 'POST', '/v1/muxers/1/claim', claim)).toBe(403)
    const job = await claimed()
    const other = playedAgent(controller, '2')
    await other.register()
    expect((await other.complete(job)).status).toBe(409)
    expect((await agent.complete(job)).status).toBe(200)
    const none = await fetch(new URL('/v1/jobs', controller.address))
    expect([none.status, await none.json()]).toMatchObject([401, { error: 'a token is needed' }])

    for (let wrong = 0; wrong < 20; wrong++) await by('guess', 'GET', '/v1/jobs')
    const enough = await controller.ask('GET', '/v1/jobs', undefined, 'guess')
    expect([enough.status, enough.json.error]).toEqual([
      429,
      'this token is not known, like too many before it from this address',
    ])
    const wait = Number(enough.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(60)
    // Who shows the right one at that address is let in all the same.
    expect(await by(adminToken, 'GET', '/v1/jobs')).toBe(200)
    expect(await by(controller.tokenOf('1'), 'POST', '/v1/muxers/1/tidy/claim', {})).toBe(200)
    expect((await agent.register()).status).toBe(200)
  })
})
