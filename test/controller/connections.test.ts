import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/controller/db/database.ts'
import { claimNext } from '../../src/controller/queue/claim.ts'
import { type Databases, databasesOf, fillQueue, openQueue, type TestQueue } from './databases.ts'

let databases: Databases
let queue: TestQueue

const open = async (dialect: 'sqlite' | 'postgresql') => {
  databases = await databasesOf(dialect)
  queue = await openQueue(await databases.create())
}
const close = async () => {
  await queue.db.close()
  await databases.remove()
}

describe('SQLite', () => {
  beforeAll(() => open('sqlite'))
  afterAll(close)

  const normal = 1
  const full = 2
  const flushes = async (db: Database['kysely']) =>
    (await sql<{ synchronous: number }>`pragma synchronous`.execute(db)).rows[0]?.synchronous

  test('flushes a transaction before it is acknowledged, and no single statement', async () => {
    expect(await flushes(queue.db.kysely)).toBe(normal)
    expect(await queue.db.write((trx) => flushes(trx))).toBe(full)
    expect(await flushes(queue.db.kysely)).toBe(normal)
  })

  test('goes on so after one that was taken back', async () => {
    const refused = queue.db.write(async () => Promise.reject(new Error('no')))
    await expect(refused).rejects.toThrow('no')
    expect(await flushes(queue.db.kysely)).toBe(normal)
    expect(await queue.db.write((trx) => flushes(trx))).toBe(full)
  })

  test('tells the error that ended a transaction, also where SQLite has taken it back itself', async () => {
    const ended = queue.db.write(async (trx) => {
      // As it does where a full disk stops a commit.
      await sql`rollback`.execute(trx)
      throw new Error('the disk is full')
    })
    await expect(ended).rejects.toThrow('the disk is full')
    expect(await queue.db.write((trx) => flushes(trx))).toBe(full)
    expect(await flushes(queue.db.kysely)).toBe(normal)
  })
})

describe('PostgreSQL', () => {
  beforeAll(() => open('postgresql'))
  afterAll(close)

  test('plans a claim once for all that follow', async () => {
    await fillQueue(queue, 20)
    for (let n = 0; n < 20; n++) await claimNext(queue, { muxer: '1', labels: [] })
    const claims = await sql<{ statements: number; planned: number; kept: number }>`
      select count(*)::int as statements, sum(custom_plans)::int as planned, sum(generic_plans)::int as kept
      from pg_prepared_statements where statement like '%skip locked%update jobs%'`.execute(
      queue.db.kysely,
    )
    // The server plans the first five with their values, and keeps the plan where that was no better.
    expect(claims.rows).toEqual([{ statements: 1, planned: 5, kept: 15 }])
  })
})
