import { writeFileSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { certificateHere } from '../controller/certificate-here.ts'
import { type ControllerHere, controllerHere } from '../controller/controller-here.ts'
import { pifarmHere } from '../support/pifarm-here.ts'

let controller: ControllerHere
let token: string

beforeAll(async () => {
  controller = await controllerHere()
  token = join(controller.dir, 'token')
  writeFileSync(token, 'admin-token-of-this-test\n')
  writeFileSync(join(controller.media, 'a.mp4'), 'video')
  return () => controller.remove()
})

const ask = (url: string, words: string) =>
  pifarmHere([...words.split(' '), '--controller', url, '--token-file', token])

async function newJob(name: string): Promise<{ readonly id: string }> {
  writeFileSync(join(controller.media, name), 'video')
  return (await controller.ask('POST', '/v1/jobs', { path: name, needs: ['never'] })).json
}

type Answer = (response: ServerResponse, ask: string) => void

/** A server in the controller's place; it answers with the URL to ask, and what it is asked. */
async function standIn(answer: Answer) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    request.resume()
    asked.push(`${request.method} ${request.url}`)
    answer(response, `${request.method} ${request.url}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

const says =
  (status: number, body: unknown = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
const hangsUp: Answer = (response) => response.destroy()

describe('what several were asked for', () => {
  test('and one is refused: 4, with those that are done', async () => {
    const [one, other] = [await newJob('one.mp4'), await newJob('other.mp4')]
    const cancelled = await ask(controller.address, `jobs cancel ${one.id} 99999 ${other.id}`)
    expect(cancelled.code).toBe(4)
    expect(cancelled.stderr.split('\n')).toEqual([
      `job ${one.id} is cancelled`,
      `job ${other.id} is cancelled`,
      'there is no job 99999',
      'done: 2 of 3',
    ])
    expect(await ask(controller.address, `jobs retry ${one.id} 99999`)).toMatchObject({ code: 4 })
  })

  test('and all are refused: 2, for nothing was changed', async () => {
    for (const words of ['jobs cancel 99998 99999', 'muxers drain 77 78'])
      expect(await ask(controller.address, words)).toMatchObject({ code: 2 })
  })

  test('and the controller goes away in between: 4, and the others are not asked for', async () => {
    const job = await newJob('between.mp4')
    let answers = 0
    const { url, asked } = await standIn((...heard) =>
      (++answers === 1 ? says(200, job) : says(503, { error: 'away' }))(...heard),
    )
    const cancelled = await ask(url, 'jobs cancel 1 2 3 4')
    expect(cancelled.code).toBe(4)
    expect(asked).toHaveLength(2)
    expect(cancelled.stderr).toContain('away\ndone: 1 of 4, and the last 2 were not asked for')
  })

  test('and the controller is away from the start: 3, as for one', async () => {
    const { url, asked } = await standIn(says(503, { error: 'away' }))
    expect(await ask(url, 'jobs cancel 1 2 3')).toMatchObject({ code: 3, error: 'away' })
    expect(asked).toHaveLength(1)
  })
})

describe('who looks, and who changes something, ends with', () => {
  test.each<[string, Answer, looks: number, changes: number]>([
    ['a wrong token', says(401, { error: 'no' }), 2, 2],
    ['a refusal', says(409, { error: 'no' }), 2, 2],
    ['too many requests', says(429, { error: 'no' }), 3, 3],
    ['a database that is away', says(503, { error: 'no' }), 3, 3],
    ['a bug', says(500, { error: 'no' }), 3, 4],
    ['a proxy that waits in vain', says(504), 3, 4],
    ['a connection that is cut', hangsUp, 3, 4],
  ])('%s', async (_, answer, looks, changes) => {
    const { url } = await standIn(answer)
    expect(await ask(url, 'jobs list')).toMatchObject({ code: looks })
    const changed = await ask(url, 'jobs cancel 1')
    expect(changed.code).toBe(changes)
    if (changes === 4) expect(changed.error).toContain('whether it has done this is not known')
    else expect(changed.error).not.toContain('known')
  })

  test('a controller that is not there', async () => {
    const url = 'http://127.0.0.1:9'
    for (const words of ['jobs list', 'jobs cancel 1'])
      expect(await ask(url, words)).toMatchObject({
        code: 3,
        error: `the controller at ${url} does not answer: connect ECONNREFUSED 127.0.0.1:9`,
        hint: 'is one running there, and is --controller right?',
      })
  })
})

test('what a hostile controller says is one line, and moves no cursor', async () => {
  const error = 'no\npifarm: done\r\u001b[2J\u202e'
  const told = 'no\\npifarm: done\\r\\e[2J\\u{202e}'
  const one = await standIn(says(409, { error, hint: error }))
  expect(await ask(one.url, 'jobs cancel 1')).toMatchObject({ error: told, hint: told })
  const several = await ask(one.url, 'jobs cancel 1 2')
  expect([several.error, several.hint, several.stderr].join()).not.toContain('\npifarm')
  const { id } = await newJob('hostile.mp4')
  const { json } = await controller.ask('GET', `/v1/jobs/${id}`)
  const nonsense = await standIn(says(200, { ...json.job, [error]: 1, state: error }))
  const { error: complaint } = await ask(nonsense.url, 'jobs cancel 1')
  expect(complaint).toContain('answers nonsense')
  expect(complaint).not.toMatch(/[\n\r]/)
})

test('an answer without end is not taken into memory', async () => {
  const { url } = await standIn((response) => {
    const piece = Buffer.alloc(1024 * 1024, ' ')
    const more = (error?: Error | null) => {
      if (!error) response.write(piece, more)
    }
    more()
  })
  const asked = await ask(url, 'jobs log 1')
  expect(asked).toMatchObject({
    code: 3,
    error: `the controller at ${url} does not answer: the answer is larger than 64 MiB`,
  })
})

test('a page of jobs without one is the last, whatever it says comes next', async () => {
  const { url, asked } = await standIn(says(200, { jobs: [], next: '1' }))
  expect(await ask(url, 'jobs list')).toMatchObject({ code: 0 })
  expect(asked).toHaveLength(1)
})

test('a token that is changed while it waits: 4, for the jobs were submitted', async () => {
  const job = await newJob('waits.mp4')
  const { url } = await standIn((response, what) =>
    (what.startsWith('POST') ? says(201, job) : says(401, { error: 'not known' }))(response, what),
  )
  const waited = await ask(url, 'jobs submit --wait a.mp4')
  expect(waited).toMatchObject({ code: 4, error: 'not known' })
  expect(waited.stderr).toContain(`job ${job.id}: waits.mp4: submitted`)
})

test('the wrong scheme is told by name', async () => {
  const { tls } = certificateHere(onTestFinished)
  const secure = await controllerHere({ tls })
  onTestFinished(() => secure.remove())
  const wrong = (url: string) =>
    url.replace(/^https?/, (said) => (said === 'http' ? 'https' : 'http'))
  const plain = await ask(wrong(controller.address), 'jobs list')
  expect(plain).toMatchObject({ code: 2 })
  expect(plain.error).toContain(`it speaks no TLS: is it ${controller.address}?`)
  expect(plain.error).not.toMatch(/EPROTO|SSL|\n/)
  const hidden = await ask(wrong(secure.address), 'jobs list')
  expect(hidden.error).toContain(`if it speaks TLS, it is ${secure.address}`)
})
