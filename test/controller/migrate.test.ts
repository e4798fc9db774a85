import { Migrator, sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database, DatabaseAddress } from '../../src/controller/db/database.ts'
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
  async function leftAt(name: string, address?: DatabaseAddress): Promise<Database> {
    const db = openDatabase(address ?? (await databases.create()))
    const all = Object.entries(migrations(dialect)).filter(([each]) => each <= name)
    const provider = { getMigrations: async () => Object.fromEntries(all) }
    const { error } = await new Migrator({ db: db.kysely, provider }).migrateToLatest()
    if (error !== undefined) throw error
    return db
  }

  test('keeps its jobs and their leases, and hands out the rest in the same order', async () => {
    const address = await databases.create()
    const older = await leftAt('0001_queue', address)
    const queueOf = (db: Database): Queue => ({
      db,
      bulletin: localBulletin(),
      rules: defaultRules,
    })
    const jobsIn = ({ kysely }: Database) =>
      kysely.selectFrom('jobs').selectAll().orderBy('id').execute()
    await fillQueue(queueOf(older), 9)
    const before = await claimNext(queueOf(older), { muxer: '1', labels: [] })
    const rows = await jobsIn(older)
    await older.close()
    // Anew: PostgreSQL refuses a statement that was prepared before a column came.
    const db = openDatabase(address)
    await migrate(db)
    expect(await jobsIn(db)).toEqual(rows.map((row) => ({ ...row, source: null })))
    const queue = queueOf(db)
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
      const imported = await linesOf(target)
      expect(imported.map(asBefore)).toEqual(exported.map(asBefore))
      await target.close()
    },
  )

  test('finds the newest job of a file by an index', async () => {
    const db = await leftAt('0001_queue')
    await migrate(db)
    const word = dialect === 'sqlite' ? 'query plan' : ''
    const plan = await db.kysely.transaction().execute(async (trx) => {
      // PostgreSQL reads a small table whole where it may.
      if (dialect === 'postgresql') await sql`set local enable_seqscan = off`.execute(trx)
      const query = sql`select * from jobs where path = 'a.mp4' order by id desc limit 1`
      return (await sql`explain ${sql.raw(word)} ${query}`.execute(trx)).rows
    })
    expect(JSON.stringify(plan)).toMatch(/ jobs_path /)
    expect(JSON.stringify(plan)).not.toMatch(/sort|b-tree/i)
    await db.close()
  })

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

/** Without what 0004 has added. */
function asBefore(line: string): string {
  return line.replace(',"source":null', '')
}

async function linesOf(db: Database): Promise<string[]> {
  const lines: string[] = []
  await exportQueue(db, async (line) => void lines.push(line))
  return lines
}

async function* each(lines: readonly string[]): AsyncIterable<string> {
  yield* lines
}
