import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { defaultRules } from '../../src/controller/queue/queue.ts'
import { startController } from '../../src/controller/start-controller.ts'
import type { Claimed } from '../../src/protocol/agent-api.ts'
import { pifarmHere } from '../support/pifarm-here.ts'
import { certificateHere } from './certificate-here.ts'
import { adminToken, type ControllerHere, controllerHere } from './controller-here.ts'
import { type Databases, databasesOf, dialects, openDatabase } from './databases.ts'
import { playedAgent, resultFor } from './played-agent.ts'

let controller: ControllerHere | undefined

afterEach(async () => {
  await controller?.remove()
  controller = undefined
})

async function start(changes: Parameters<typeof controllerHere>[0] = {}): Promise<ControllerHere> {
  controller = await controllerHere(changes)
  return controller
}

async function submitTo({ media, ask }: ControllerHere, path: string): Promise<number> {
  writeFileSync(join(media, path), 'video')
  return (await ask('POST', '/v1/jobs', { path })).status
}

/** Asks again until it is answered with that status. */
async function until(status: number, ask: () => Promise<{ status: number }>): Promise<void> {
  for (let tries = 0; ; tries++) {
    const answer = await ask()
    if (answer.status === status) return
    if (tries === 200) throw new Error(`still ${answer.status}, not ${status}`)
    await sleep(100)
  }
}

describe.each(dialects)('on %s', (dialect) => {
  let databases: Databases

  beforeAll(async () => {
    databases = await databasesOf(dialect)
    return () => databases.remove()
  })

  /** The server stops, or the disk gets full; answers what ends that. */
  async function takeAway({ queue: { db } }: ControllerHere): Promise<() => Promise<void>> {
    if (dialect === 'sqlite') {
      await sql`pragma query_only = on`.execute(db.kysely)
      return async () => void (await sql`pragma query_only = off`.execute(db.kysely))
    }
    await databases.server?.stop()
    return async () => await databases.server?.start()
  }

  test('a database that goes away in the middle: 503, agents go on, nothing is lost', async () => {
    const database = await databases.create()
    const here = await start({ database })
    const agent = playedAgent(here)
    await agent.register()
    await submitTo(here, 'a.mp4')
    const job: Claimed = (await agent.claim()).json
    const bringBack = await takeAway(here)

    const refused = await agent.heartbeat(job)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
    expect(refused.json).toEqual({
      error: 'the database does not answer',
      hint: 'nothing is lost; try again in a moment',
    })
    expect(await submitTo(here, 'b.mp4')).toBe(503)
    expect((await here.ask('GET', '/healthz')).status).toBe(503)
    expect((await agent.complete(job)).status).toBe(503)

    await bringBack()
    await until(200, () => agent.complete(job))
    expect(here.said).toEqual([
      expect.stringContaining('the database does not answer'),
      'the database is back',
    ])
    expect(await submitTo(here, 'b.mp4')).toBe(201)
    const { jobs } = (await here.ask('GET', '/v1/jobs')).json
    expect(jobs.map(({ path, state }: Record<string, string>) => `${path} ${state}`)).toEqual([
      'b.mp4 queued',
      'a.mp4 done',
    ])
  })

  test('a clock that was set back: who works keeps the job, who is dead loses it', async () => {
    const database = await databases.create()
    const rules = { ...defaultRules, leaseSeconds: 2, tickSeconds: 0.1, random: () => 0 }
    const here = await start({ database, rules })
    const agent = playedAgent(here)
    await agent.register()
    await submitTo(here, 'a.mp4')
    const job: Claimed = (await agent.claim()).json
    // The same as the clock an hour back: all that was written is an hour ahead.
    const { kysely } = here.queue.db
    await kysely
      .updateTable('jobs')
      .set({ lease_until: sql`lease_until + 3600000`, run_at: sql`run_at + 3600000` })
      .execute()
    await kysely.updateTable('clock').set({ ticked_at: sql`ticked_at + 3600000` }).execute()
    expect((await agent.heartbeat(job)).status).toBe(200)
    // It says nothing more, and in two seconds of the new clock it is another's.
    const stateOf = async () => (await here.ask('GET', `/v1/jobs/${job.job.id}`)).json.job.state
    await until(409, async () =>
      (await stateOf()) === 'leased' ? { status: 0 } : await agent.complete(job),
    )
  })

  test('a schema of a newer pifarm is refused and left alone; an empty database is migrated', async () => {
    const database = await databases.create()
    const here = await start({ database })
    const { kysely } = here.queue.db
    const names = sql<{ name: string }>`select name from kysely_migration order by name`
    const before = (await names.execute(kysely)).rows
    await sql`insert into kysely_migration (name, timestamp) values ('0999_later', '2030')`.execute(
      kysely,
    )
    await here.stop()
    await expect(startController({ ...here.options, port: 0 })).rejects.toMatchObject({
      message: 'the database was changed by a newer pifarm: 0999_later',
      hint: expect.stringContaining('start that version again'),
    })
    const db = openDatabase(database)
    expect((await names.execute(db.kysely)).rows).toEqual([...before, { name: '0999_later' }])
    await db.close()
  })
})

test('a second controller on one SQLite file is refused, and so are export and import', async () => {
  const here = await start()
  await expect(startController({ ...here.options, port: 0 })).rejects.toMatchObject({
    message: `${here.dir}/queue.db is in use by pifarm, pid ${process.pid}`,
    hint: 'a SQLite file is for one controller; several share a PostgreSQL: set DATABASE_URL',
    exitCode: 6,
  })
  const file = join(here.dir, 'queue.jsonl')
  expect(
    await pifarmHere(['jobs', 'export', file, '--db', join(here.dir, 'queue.db')]),
  ).toMatchObject({ code: 6, hint: 'stop it first: systemctl stop pifarm-controller' })
  expect((await here.ask('GET', '/healthz')).status).toBe(200)
})

test('it stops gracefully: who waits is answered, who listens is let go, the job is kept', async () => {
  const here = await start()
  const agent = playedAgent(here)
  await agent.register()
  await submitTo(here, 'a.mp4')
  const job: Claimed = (await agent.claim()).json
  const waiting = agent.claim(30)
  const events = await fetch(new URL('/v1/events', here.address), {
    headers: { authorization: `Bearer ${adminToken}` },
  })
  await sleep(200)
  await here.stop()
  expect((await waiting).status).toBe(204)
  expect(await events.text()).toContain('event: hello')

  const again = await startController({ ...here.options, port: 0 })
  const done = await fetch(new URL(`/v1/jobs/${job.job.id}/complete`, again.address), {
    method: 'POST',
    headers: {
      authorization: `Bearer ${here.tokenOf('1')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ token: job.lease.token, result: resultFor('a.mp4') }),
  })
  expect(done.status).toBe(200)
  await again.stop()
})

test('more requests than allowed: 429; strangers, people and muxers of one address are counted apart', async () => {
  const here = await start({ rateLimit: 5 })
  const agent = playedAgent(here)
  const six = async (ask: () => Promise<{ readonly status: number }>) => {
    const statuses: number[] = []
    for (let n = 0; n < 6; n++) statuses.push((await ask()).status)
    return statuses
  }
  const fiveOnly = [200, 200, 200, 200, 200, 429]
  expect(await six(() => fetch(new URL('/docs/json', here.address)))).toEqual(fiveOnly)
  expect(await six(() => here.ask('GET', '/v1/muxers'))).toEqual(fiveOnly)
  expect(await six(() => agent.register())).toEqual(fiveOnly)
  expect((await playedAgent(here, '2').register()).status).toBe(200)
})

test('whoever waits for jobs is not counted', async () => {
  const here = await start({ rateLimit: 5 })
  const agent = playedAgent(here)
  await agent.register()
  for (let n = 0; n < 8; n++) expect((await agent.claim(0)).status).toBe(204)
})

test('HTTPS by certificate files, which the commands trust by --ca', async () => {
  const { dir, cert, tls } = certificateHere(onTestFinished)
  const here = await start({ tls })
  expect(here.address).toMatch(/^https:/)
  writeFileSync(join(dir, 'token'), adminToken)
  const flags = ['--controller', here.address, '--token-file', join(dir, 'token'), '--json']
  const trusted = await pifarmHere(['muxers', 'list', ...flags, '--ca', cert])
  expect(trusted).toMatchObject({ code: 0, stdout: '[]' })
  const untrusted = await pifarmHere(['muxers', 'list', ...flags])
  expect(untrusted).toMatchObject({ code: 2, hint: expect.stringContaining('--ca FILE') })
  expect(untrusted.error).toMatch(/certificate of the controller .* is not trusted: self-signed/)
})
