import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  listenForReports,
  type Report,
  type ReportListener,
} from '../../src/sd-card/report-listener.ts'

const good = {
  mac: 'b8:27:eb:33:34:7a',
  serial: '000000003333347a',
  revision: 'a02082',
  model: 'Raspberry Pi 3 Model B Rev 1.2',
  otp17: '3020000a',
}

let listener: ReportListener
let reports: Report[]
let refused: string[]

beforeEach(async () => {
  reports = []
  refused = []
  listener = await listenForReports(
    { address: '127.0.0.1', port: 0 },
    { report: (report) => reports.push(report), refused: (why) => refused.push(why) },
  )
})

afterEach(() => listener.close())

async function post(body: string, url = listener.url, method = 'POST'): Promise<number> {
  const response = await fetch(url, { method, ...(method === 'POST' ? { body } : {}) })
  await response.text()
  return response.status
}

test('a report is taken, with the serial as pifarm writes it', async () => {
  expect(await post(JSON.stringify(good))).toBe(204)
  expect(reports).toEqual([{ ...good, serial: '3333347a', address: '127.0.0.1' }])
})

test('who opens connections and says nothing keeps no report out', async () => {
  const { hostname, port } = new URL(listener.url)
  const idle = Array.from({ length: 200 }, () => connect(Number(port), hostname))
  for (const socket of idle) socket.on('error', () => undefined)
  await Promise.all(idle.map((socket) => once(socket, 'connect')))
  expect(await post(JSON.stringify(good))).toBe(204)
  for (const socket of idle) socket.destroy()
})

describe('refused, and told of', () => {
  test.each([
    ['a serial that is a path', { serial: '../../etc' }],
    ['a MAC that is a word', { mac: 'x' }],
    ['an escape sequence in the model', { model: 'Pi\u001b[2J' }],
    ['a long model', { model: 'x'.repeat(61) }],
    ['a fuse row that is none', { otp17: '; reboot' }],
    ['a field too many', { more: 1 }],
    ['a field too few', { mac: undefined }],
  ])('%s', async (_what, change) => {
    expect(await post(JSON.stringify({ ...good, ...change }))).toBe(400)
  })

  test('what is no JSON', async () => {
    expect(await post('{')).toBe(400)
  })

  test('a long body', async () => {
    expect(await post(`"${'x'.repeat(5000)}"`)).toBe(413)
  })

  test('who does not know the secret', async () => {
    const { origin } = new URL(listener.url)
    expect(await post(JSON.stringify(good), `${origin}/`)).toBe(404)
    expect(await post(JSON.stringify(good), `${origin}/${'0'.repeat(32)}`)).toBe(404)
  })

  test('another method', async () => {
    expect(await post('', listener.url, 'GET')).toBe(405)
  })

  afterEach(() => {
    expect(reports).toEqual([])
    expect(refused.length).toBeGreaterThan(0)
  })
})

test('the secret is another in each run', async () => {
  const tell = { report: () => {}, refused: () => {} }
  const second = await listenForReports({ address: '127.0.0.1', port: 0 }, tell)
  second.close()
  expect(new URL(second.url).pathname).toMatch(/^\/[0-9a-f]{32}$/)
  expect(new URL(second.url).pathname).not.toBe(new URL(listener.url).pathname)
})

test('an address that is not of this machine is refused', async () => {
  const tell = { report: () => {}, refused: () => {} }
  await expect(listenForReports({ address: '192.0.2.1', port: 0 }, tell)).rejects.toThrow(
    'cannot listen',
  )
})
