import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { DatabaseAddress } from '../../src/controller/db/database.ts'
import { freePort } from '../support/free-port.ts'
import { type Child, startChild } from './child.ts'
import { adminToken } from './controller-here.ts'
import type { ControllerProcessOptions } from './controller-process.ts'
import {
  type Databases,
  databasesOf,
  dialects,
  fillQueue,
  openDatabase,
  openQueue,
} from './databases.ts'
import { type Farmhand, farmhand, type Ledger, newLedger } from './farmhand.ts'
import { resultFor } from './played-agent.ts'

/** `PIFARM_KILLS=200` for the long proof. */
const kills = Number(process.env.PIFARM_KILLS ?? 10)
const claimers = 8
const jobs = 2000
const muxers = ['1', '2', '3', '4', '5', '6', '7', '8']

const children: Child[] = []
let dir: string

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-processes-'))
  mkdirSync(join(dir, 'media'))
  for (let n = 0; n < 10; n++) writeFileSync(join(dir, 'media', `v${n}.mp4`), 'video')
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const lines = muxers.map((id) => `${id} ${hash(`token-of-${id}`)} Pi${id}\n`)
  writeFileSync(join(dir, 'agent-tokens'), lines.join(''))
})
afterEach(async () => {
  for (const child of children.splice(0)) await child.kill()
})
afterAll(() => rmSync(dir, { recursive: true }))

async function child(name: string, argument: unknown): Promise<Child> {
  const started = await startChild(name, argument)
  children.push(started)
  return started
}

/** A controller that is loaded, but starts only when it is told to. */
async function warmController(
  database: DatabaseAddress,
  port: number,
  rules: ControllerProcessOptions['rules'] = {},
): Promise<Child> {
  return await child('controller-process.ts', {
    database,
    port,
    media: join(dir, 'media'),
    admin: adminToken,
    agentTokens: join(dir, 'agent-tokens'),
    rules,
  } satisfies ControllerProcessOptions)
}

/** What a page hears of, which never looks by itself. */
async function eventsOf(url: string) {
  const end = new AbortController()
  const { body } = await fetch(new URL('/v1/events', url), {
    headers: { authorization: `Bearer ${adminToken}` },
    signal: end.signal,
  })
  const hears = async (what: RegExp): Promise<boolean> => {
    let heard = ''
    for await (const piece of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      heard += piece
      if (what.test(heard)) return true
    }
    return false
  }
  onTestFinished(() => end.abort())
  return { hears }
}

describe.each(dialects)('on %s', (dialect) => {
  let databases: Databases

  beforeAll(async () => {
    databases = await databasesOf(dialect)
    return () => databases.remove()
  })

  test(`${claimers} processes take ${jobs} jobs: none twice, none lost`, async () => {
    const database = await databases.create()
    const queue = await openQueue(database)
    await fillQueue(queue, jobs)
    const working: Child[] = []
    for (const muxer of muxers.slice(0, claimers))
      working.push(await child('claimer-process.ts', { database, muxer, completes: true }))
    for (const one of working) expect(await one.line()).toBe('ready')
    for (const one of working) one.tell('go')
    const taken = await Promise.all(working.map(async (one) => JSON.parse(await one.line()).ids))
    expect(taken.filter((ids) => ids.length > 0).length).toBeGreaterThan(1)
    expect(taken.flat().sort((a, b) => a - b)).toEqual(
      Array.from({ length: jobs }, (_, index) => index + 1),
    )
    const { kysely } = queue.db
    const done = await kysely
      .selectFrom('jobs')
      .select((select) => [
        select.fn.countAll<number>().as('jobs'),
        select.fn.max('attempt').as('most'),
      ])
      .where('state', '=', 'done')
      .executeTakeFirstOrThrow()
    expect([Number(done.jobs), Number(done.most)]).toEqual([jobs, 1])
    await queue.db.close()
  })

  test('a worker that was stopped past its lease cannot complete', async () => {
    const rules = { leaseSeconds: 1, tickSeconds: 0.2 }
    const controller = await warmController(await databases.create(), 0, rules)
    controller.tell('go')
    const url = await controller.line()
    const hands = ['1', '2'].map((id) => farmhand(() => url, id, `token-of-${id}`, newLedger()))
    const [slow, other] = hands as [Farmhand, Farmhand]
    await slow.register()
    await other.register()
    await slow.submit('v1.mp4')
    const worker = await child('worker-process.ts', {
      url,
      muxer: '1',
      token: 'token-of-1',
      result: resultFor('v1.mp4'),
    })
    const id = await worker.line()
    worker.process.kill('SIGSTOP')
    // It was taken back half a minute, the shortest pause with no chance in it, before it is handed out again.
    await other.until(async () => (await other.story(id)).job.state === 'queued')
    await other.people('POST', `/v1/jobs/${id}/retry`, {})
    const claimed = await other.claim(10)
    expect(claimed?.job.id).toBe(id)

    worker.process.kill('SIGCONT')
    worker.tell('complete')
    expect(await worker.line()).toBe('409 409')
    const { job, attempts } = await other.story(id)
    expect(job).toMatchObject({ state: 'leased', leasedBy: '2' })
    expect(attempts.map(({ muxer, outcome }) => `${muxer} ${outcome}`)).toEqual([
      '1 expired',
      '2 running',
    ])
  })

  test(
    `kill -9 of the controller, ${kills} times, while it is asked for everything: what was acknowledged holds`,
    async () => {
      const database = await databases.create()
      const port = await freePort()
      const rules = { leaseSeconds: 3, tickSeconds: 0.2 }
      const ledger: Ledger = newLedger()
      const hands = muxers
        .slice(0, 6)
        .map((id) => farmhand(() => `http://127.0.0.1:${port}`, id, `token-of-${id}`, ledger))
      let standby = await warmController(database, port, rules)
      let working: Promise<unknown> | undefined
      const enough = new AbortController()
      for (let kill = 0; kill <= kills; kill++) {
        const controller = standby
        controller.tell('go')
        await controller.line()
        if (kill === kills) break
        standby = await warmController(database, port, rules)
        working ??= Promise.all(hands.map((hand) => hand.work(enough.signal)))
        const before = ledger.answers
        // Until it is really at work, and then at any moment.
        await hands[0]?.until(async () => ledger.answers > before + 3)
        await sleep(Math.random() * 40)
        await controller.kill()
      }
      enough.abort()
      await working
      await hands[0]?.finish()

      const db = openDatabase(database)
      const rows = await db.kysely.selectFrom('jobs').selectAll().execute()
      await db.close()
      const states = new Map(rows.map((row) => [String(row.id), row.state]))
      expect([...ledger.submitted].filter((id) => !states.has(id))).toEqual([])
      expect([...ledger.completed.keys()].filter((id) => states.get(id) !== 'done')).toEqual([])
      expect(rows.filter(({ state }) => state !== 'done')).toEqual([])
      expect(ledger.faults).toEqual([])
      expect(ledger.completed.size).toBeGreaterThan(kills / 4)
    },
    120_000 + kills * 20_000,
  )
})

describe('two controllers on one PostgreSQL', () => {
  let databases: Databases

  beforeAll(async () => {
    databases = await databasesOf('postgresql')
    return () => databases.remove()
  })

  test('wake one another; when one is killed, agents go on with the other', async () => {
    const database = await databases.create()
    const two = [await warmController(database, 0), await warmController(database, 0)]
    const urls: string[] = []
    for (const one of two) {
      one.tell('go')
      urls.push(await one.line())
    }
    const ledger = newLedger()
    // Each begins with one of the two, and goes to the other where nobody answers.
    const hands = ['1', '2', '3', '4'].map((id, index) => {
      let at = index % 2
      return farmhand(() => urls[at++ % 2] ?? '', id, `token-of-${id}`, ledger)
    })
    const [one, other] = hands as [Farmhand, Farmhand]
    for (const hand of hands) await hand.register()
    const waiting = one.claim(20)
    await sleep(300)
    await other.submit('v1.mp4')
    const claimed = await waiting
    expect(claimed?.job.path).toBe('v1.mp4')
    const page = await eventsOf(urls[0] ?? '')
    await other.people('POST', '/v1/muxers/4/drain', {})
    expect(await page.hears(/event: muxer\ndata: .*"drained":true/)).toBe(true)
    await other.people('POST', '/v1/muxers/4/resume', {})

    const enough = new AbortController()
    const working = Promise.all(hands.slice(1).map((hand) => hand.work(enough.signal)))
    await one.until(async () => ledger.completed.size > 20)
    await two[0]?.kill()
    const before = ledger.completed.size
    await one.until(async () => ledger.completed.size > before + 20)
    enough.abort()
    await working
    if (claimed !== undefined) await one.complete(claimed)
    await one.finish()
    expect(ledger.faults).toEqual([])
    const queue = await openQueue(database)
    const left = await queue.db.kysely
      .selectFrom('jobs')
      .select(['id', 'state'])
      .where('state', '<>', 'done')
      .execute()
    expect(left).toEqual([])
    await queue.db.close()
  })
})
