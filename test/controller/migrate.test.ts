import { Migrator, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/controller/db/database.ts'
import { migrate } from '../../src/controller/db/migrate.ts'
import { migrations } from '../../src/controller/db/migrations.ts'
import { exportQueue } from '../../src/controller/move/export-queue.ts'
import { importQueue } from '../../src/controller/move/import-queue.ts'
import { localBulletin } from '../../src/controller/queue/bulletin.ts'
import { claimNext } from '../../src/controller/queue/claim.ts'
import { defaultRules, type Queue } from '../../src/controller/queue/queue.ts'
import { type Databases, databasesOf, dialects, fillQueue, openDatabase } from './databases.ts'

describe.each(dialects)('an older database on %s', (dialect) => {
  let databases: Databases
  beforeAll(async () => {
    databases = await databasesOf(dialect)
  })
  afterAll(() => databases.remove())

  /** A database as the version that knew this migration, and none after it, left it. */
  async function leftAt(name: string): Promise<Database> {
    const db = openDatabase(await databases.create())
    const all = Object.entries(migrations(dialect)).filter(([each]) => each <= name)
    const provider = { getMigrations: async () => Object.fromEntries(all) }
    const { error } = await new Migrator({ db: db.kysely, provider }).migrateToLatest()
    if (error !== undefined) throw error
    return db
  }

  test('keeps its jobs and their leases, and hands out the rest in the same order', async () => {
    const db = await leftAt('0001_queue')
    const queue: Queue = { db, bulletin: localBulletin(), rules: defaultRules }
    await fillQueue(queue, 9)
    const before = await claimNext(queue, { muxer: '1', labels: [] })
    const jobs = db.kysely.selectFrom('jobs').selectAll().orderBy('id')
    const rows = await jobs.execute()
    await migrate(db)
    expect(await jobs.execute()).toEqual(rows)
    const order: number[] = []
    for (;;) {
      const job = await claimNext(queue, { muxer: '2', labels: [] })
      if (job === undefined) break
      order.push(job.priority)
    }
    expect(before?.priority).toBe(2)
    expect(order).toEqual([2, 2, 1, 1, 1, 0, 0, 0])
    await db.close()
  })

  test.each(Object.keys(migrations(dialect)))(
    'is taken over from an export of %s',
    async (name) => {
      const older = await leftAt(name)
      const queue: Queue = { db: older, bulletin: localBulletin(), rules: defaultRules }
      await fillQueue(queue, 9)
      await claimNext(queue, { muxer: '1', labels: [] })
      const exported = await linesOf(older)
      const [first = '', ...rest] = exported
      await older.close()

      const target = openDatabase(await databases.create())
      await migrate(target)
      // What that version called the newest schema that it knew.
      const asItWrote = [JSON.stringify({ ...JSON.parse(first), schema: name }), ...rest]
      expect(await importQueue(target, each(asItWrote))).toEqual({ jobs: 9 })
      expect(await linesOf(target)).toEqual(exported)
      await target.close()
    },
  )

  if (dialect === 'sqlite')
    test('a claim does not sort the queue', async () => {
      const db = await leftAt('0001_queue')
      await migrate(db)
      const plan = await sql<{ detail: string }>`explain query plan
      select id from jobs where state = 'queued' and run_at <= 5
      order by priority desc, run_at, id limit 1`.execute(db.kysely)
      expect(plan.rows.map(({ detail }) => detail)).toEqual([
        expect.stringContaining('INDEX jobs_next (state=?)'),
      ])
      await db.close()
    })
})

async function linesOf(db: Database): Promise<string[]> {
  const lines: string[] = []
  await exportQueue(db, async (line) => void lines.push(line))
  return lines
}

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines
}
