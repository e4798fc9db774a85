import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { startController } from '../../src/controller/start-controller.ts'
import { adminToken, controllerHere } from './controller-here.ts'
import { type Databases, databasesOf, dialects } from './databases.ts'

/** What a browser, or whoever copied its cookie, hears from a controller. */
const look = async (address: string, cookie: string) =>
  (await fetch(new URL('/v1/muxers', address), { headers: { cookie } })).status

async function signIn(address: string): Promise<string> {
  const answer = await fetch(new URL('/v1/session', address), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: adminToken }),
  })
  expect(answer.status).toBe(200)
  return answer.headers.get('set-cookie')?.split(';')[0] ?? ''
}

const signOut = async (address: string, cookie: string) =>
  (await fetch(new URL('/v1/session', address), { method: 'DELETE', headers: { cookie } })).status

describe.each(dialects)('a session on %s', (dialect) => {
  let databases: Databases
  beforeAll(async () => {
    databases = await databasesOf(dialect)
  })
  afterAll(() => databases.remove())

  async function start(changes: Parameters<typeof controllerHere>[0] = {}) {
    const controller = await controllerHere({ database: await databases.create(), ...changes })
    onTestFinished(() => controller.remove())
    return controller
  }

  test('that was ended is at an end for every copy of its cookie; others go on', async () => {
    const { address } = await start()
    const [mine, yours] = [await signIn(address), await signIn(address)]
    expect(mine).not.toBe(yours)
    expect([await look(address, mine), await look(address, yours)]).toEqual([200, 200])
    expect(await signOut(address, mine)).toBe(200)
    expect([await look(address, mine), await look(address, yours)]).toEqual([401, 200])
    // Who is out already, or never was in, is out.
    expect(await signOut(address, mine)).toBe(200)
    expect(await signOut(address, '')).toBe(200)
  })

  test('outlives a restart of the controller, and so does its end', async () => {
    const first = await start()
    const [kept, ended] = [await signIn(first.address), await signIn(first.address)]
    await signOut(first.address, ended)
    await first.stop()
    const second = await startController({ ...first.options, port: 0 })
    expect([await look(second.address, kept), await look(second.address, ended)]).toEqual([
      200, 401,
    ])
    await second.stop()
    const tokens = { ...first.options.tokens, admin: 'another-admin-token' }
    const third = await startController({ ...first.options, port: 0, tokens })
    expect(await look(third.address, kept)).toBe(401)
    await third.stop()
  })

  test('ends a day after the page last asked for it, by the clock of the database', async () => {
    const { address, queue } = await start()
    const cookie = await signIn(address)
    const kysely = queue.db.kysely.withTables<{ sessions: { key: string; until: number } }>()
    const rows = () => kysely.selectFrom('sessions').selectAll().execute()
    const [made] = await rows()
    await kysely
      .updateTable('sessions')
      .set(({ eb }) => ({ until: eb('until', '-', 1_000_000) }))
      .execute()
    const session = new URL('/v1/session', address)
    const renewed = await fetch(session, { headers: { cookie } })
    expect(renewed.headers.get('set-cookie')).toContain(`${cookie}; `)
    const [later] = await rows()
    expect(later?.until).toBeGreaterThanOrEqual(made?.until ?? Number.POSITIVE_INFINITY)
    await kysely.updateTable('sessions').set({ until: 1 }).execute()
    expect((await fetch(session, { headers: { cookie } })).status).toBe(401)
    expect(await look(address, cookie)).toBe(401)
    // Neither the cookie nor what makes one can be read in the database.
    expect(JSON.stringify([made, later])).not.toContain(cookie.split('=')[1])
    for (let tries = 0; (await rows()).length > 0; tries++) {
      expect(tries).toBeLessThan(300)
      await sleep(100)
    }
  })

  test('that was never begun is refused without a look into the database, and counted like a wrong token', async () => {
    const { address, queue } = await start()
    const cookie = await signIn(address)
    const forged = (n: number) => cookie.replace(/.{64}$/, String(n).padStart(64, '0'))
    const rename = (from: string, to: string) =>
      sql`alter table ${sql.table(from)} rename to ${sql.table(to)}`.execute(queue.db.kysely)
    await rename('sessions', 'elsewhere')
    expect([await look(address, forged(1)), await look(address, forged(2))]).toEqual([401, 401])
    expect(await signOut(address, forged(1))).toBe(200)
    await rename('elsewhere', 'sessions')
    for (let n = 3; n <= 20; n++) expect(await look(address, forged(n))).toBe(401)
    expect(await look(address, forged(21))).toBe(429)
    // Whoever is signed in at that address, or shows the right token, is let in all the same.
    expect(await look(address, cookie)).toBe(200)
    expect(await look(address, await signIn(address))).toBe(200)
  })

  test('that is ended hears no more of what happens, of its open streams neither', async () => {
    const { address } = await start()
    const cookie = await signIn(address)
    const stop = new AbortController()
    const listen = async (who: string, headers: Record<string, string>) => {
      const url = new URL('/v1/events', address)
      const { body } = await fetch(url, { headers, signal: stop.signal })
      return {
        who,
        end: (async () => {
          for await (const _ of body ?? []);
          return who
        })(),
      }
    }
    const ended = await listen('whose session ended', { cookie })
    const others = [
      await listen('another', { cookie: await signIn(address) }),
      await listen('with the token', { authorization: `Bearer ${adminToken}` }),
    ]
    await signOut(address, cookie)
    expect(await Promise.race([ended, ...others].map(({ end }) => end))).toBe(ended.who)
    const gone = Promise.allSettled(others.map(({ end }) => end))
    stop.abort()
    for (const { status } of await gone) expect(status).toBe('rejected')
  })
})

test('a session that was ended at one controller is ended at the others of its database', async () => {
  const databases = await databasesOf('postgresql')
  onTestFinished(() => databases.remove())
  const database = await databases.create()
  const one = await controllerHere({ database })
  const other = await startController({ ...one.options, port: 0 })
  onTestFinished(() => one.remove())
  onTestFinished(() => other.stop())
  const cookie = await signIn(one.address)
  expect(await look(other.address, cookie)).toBe(200)
  await signOut(other.address, cookie)
  expect([await look(one.address, cookie), await look(other.address, cookie)]).toEqual([401, 401])
})
