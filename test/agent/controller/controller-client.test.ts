import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ControllerClient } from '../../../src/agent/controller/controller-client.ts'
import { released } from '../../../src/agent/machine/end-of-job.ts'
import { claimedJob } from '../machine/a-job.ts'

const token = 'test-token-of-muxer-7-0123456789'
const state = { locked: null, trouble: null, celsius: null, throttled: null }
const asking = { state, tmpFreeBytes: 1, waitSeconds: 0 }
const release = released(claimedJob(1), 'stopped')

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** A server that answers everything alike, and a client for it. */
async function talking(answer: Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    request.resume()
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    asked,
    url,
    client: new ControllerClient({ urls: [url], token, muxid: '7', agent: '1.0' }),
  }
}

const patience = (timeoutSeconds = 30) => ({
  signal: new AbortController().signal,
  timeoutSeconds,
})

const says =
  (status: number, body = '', headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body)

test('it asks below the path of its URL, with its token', async () => {
  const { asked, url } = await talking(says(204))
  const client = new ControllerClient({
    urls: [`${url}/farm`],
    token,
    muxid: 'a_1-b',
    agent: '1.0',
  })
  expect(await client.claim(asking, patience())).toEqual({ kind: 'ok', value: undefined })
  expect(asked).toEqual([`POST /farm/v1/muxers/a_1-b/claim Bearer ${token}`])
})

describe('worth another try', () => {
  test.each([
    ['500', says(500), /status 500/],
    ['503 with a page', says(503, '<html>maintenance</html>'), /status 503/],
    ['408', says(408), /status 408/],
    ['a page', says(200, '<html>It works!</html>'), /nonsense/],
    ['JSON of another kind', says(200, '[1,2,3]'), /nonsense/],
    ['null', says(200, 'null'), /nonsense/],
    ['a job without a lease', says(200, '{"job":{"id":"1","path":"a","settings":{}}}'), /lease/],
    ['a status that is none of ours', says(206, '{}'), /is this a controller/],
    ['an answer that never ends', endless, /does not end/],
    ['an answer that is cut off', cutOff, /cut off|aborted|hang up/],
    ['a connection that is closed', (response) => response.destroy(), /hang up|ECONNRESET/],
  ] as const satisfies readonly (readonly [string, Answer, RegExp])[])(
    '%s',
    async (_, answer, detail) => {
      const { client } = await talking(answer)
      const answered = await client.claim(asking, patience())
      expect(answered).toMatchObject({ kind: 'away', detail: expect.stringMatching(detail) })
    },
  )

  test('no answer in time', async () => {
    const { client } = await talking(() => {})
    const answered = await client.claim(asking, patience(0.2))
    expect(answered).toMatchObject({ kind: 'away', detail: 'no answer within 0.2 s' })
  })

  test('nobody there', async () => {
    const client = new ControllerClient({
      urls: ['http://127.0.0.1:9'],
      token,
      muxid: '7',
      agent: '1',
    })
    const answered = await client.claim(asking, patience())
    expect(answered).toMatchObject({
      kind: 'away',
      detail: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('asked by HTTPS where HTTP is spoken', async () => {
    const { url } = await talking(says(204))
    const urls = [url.replace('http', 'https')]
    const client = new ControllerClient({ urls, token, muxid: '7', agent: '1' })
    expect(await client.claim(asking, patience())).toEqual({
      kind: 'away',
      detail: `it speaks no TLS: is it ${url}?`,
    })
  })

  test('it was told to hurry', async () => {
    const { client } = await talking(() => {})
    const hurry = new AbortController()
    const answered = client.claim(asking, { signal: hurry.signal, timeoutSeconds: 60 })
    hurry.abort()
    expect(await answered).toMatchObject({ kind: 'away' })
  })
})

describe('asked too often, it says for how long it is to be left alone', () => {
  test.each([
    ['seconds', { 'retry-after': '41' }, 41],
    ['no word of it', {}, 30],
    ['an instant, to one without a clock', { 'retry-after': 'Wed, 21 Oct 2065 07:28:00 GMT' }, 30],
    ['at once', { 'retry-after': '0' }, 1],
    ['a day', { 'retry-after': '86400' }, 3600],
  ])('%s', async (_, headers, seconds) => {
    const said = '{"error":"too many wrong tokens from this address","hint":"none"}'
    const { client } = await talking(says(429, said, headers))
    expect(await client.claim(asking, patience())).toEqual({
      kind: 'later',
      seconds,
      detail: 'status 429 too many wrong tokens from this address',
    })
  })
})

test('of several it asks one for as long as that answers, then the next, and comes round again', async () => {
  let isFirstAway = false
  const first = await talking((...heard) => says(isFirstAway ? 503 : 204)(...heard))
  const second = await talking(says(204))
  const urls = [first.url, 'http://127.0.0.1:9', second.url]
  const client = new ControllerClient({ urls, token, muxid: '7', agent: '1.0' })
  const claim = async () => (await client.claim(asking, patience())).kind
  expect([await claim(), await claim()]).toEqual(['ok', 'ok'])
  isFirstAway = true
  // Two at once find out, and turn to the next but once.
  expect(await Promise.all([claim(), claim()])).toEqual(['away', 'away'])
  expect([await claim(), await claim(), await claim()]).toEqual(['away', 'ok', 'ok'])
  expect([first.asked.length, second.asked.length]).toEqual([4, 2])
})

describe('a path that leads out of the media directory', () => {
  test.each(['../etc/shadow', '/etc/shadow', 'a/../../b', 'a\u0000b', 'a//b', ''])(
    '%j',
    async (path) => {
      const job = JSON.stringify({ ...claimedJob(1), job: { ...claimedJob(1).job, path } })
      const { client } = await talking(says(200, job))
      expect(await client.claim(asking, patience())).toMatchObject({ kind: 'away' })
    },
  )
})

test.each([301, 302, 303, 307, 308])('a redirection is not followed: %i', async (status) => {
  const elsewhere = await talking(says(200, JSON.stringify(claimedJob(1))))
  const { client, asked } = await talking(says(status, '', { location: `${elsewhere.url}/x` }))
  expect(await client.claim(asking, patience())).toMatchObject({
    kind: 'away',
    detail: expect.stringContaining(`status ${status}`),
  })
  expect(asked).toHaveLength(1)
  expect(elsewhere.asked).toEqual([])
})

test('a report is not heard by a page that is there instead', async () => {
  const { client } = await talking(says(200, '<html>It works!</html>'))
  expect(await client.deliver(release, patience())).toMatchObject({ kind: 'away' })
})

test.each([400, 401, 403, 404, 409, 410, 413, 423])(
  'understood and refused: %i',
  async (status) => {
    const { client } = await talking(says(status, `{"error":"no"}${' '.repeat(5000)}`))
    const answered = await client.deliver(release, patience())
    expect(answered).toMatchObject({ kind: 'refused', status })
    expect(answered.kind === 'refused' && answered.detail.length).toBeLessThanOrEqual(300)
  },
)

/** More than the megabyte that it may say. */
function endless(response: ServerResponse): void {
  response.writeHead(200)
  const piece = '{"job":'.repeat(10_000)
  const more = () => {
    while (!response.destroyed && response.write(piece));
  }
  response.on('drain', more)
  more()
}

function cutOff(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 1000 })
  response.write('{"leaseSeconds":', () => response.destroy())
}
