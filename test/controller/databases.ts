import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import type { Database, DatabaseAddress } from '../../src/controller/db/database.ts'
import { migrate } from '../../src/controller/db/migrate.ts'
import { openPostgresql } from '../../src/controller/db/open-postgresql.ts'
import { openSqlite } from '../../src/controller/db/sqlite/open-sqlite.ts'
import { localBulletin } from '../../src/controller/queue/bulletin.ts'
import { defaultRules, type Queue, type Rules } from '../../src/controller/queue/queue.ts'
import { tick } from '../../src/controller/queue/tick.ts'
import { submission } from '../../src/protocol/views.ts'
import { type Postgresql, startPostgresql } from '../support/postgresql.ts'

export const dialects = ['sqlite', 'postgresql'] as const

/** Empty databases of one kind, for one test file. */
export interface Databases {
  create(): Promise<DatabaseAddress>
  readonly server: Postgresql | undefined
  remove(): Promise<void>
}

export async function databasesOf(dialect: (typeof dialects)[number]): Promise<Databases> {
  if (dialect === 'postgresql') {
    const server = await startPostgresql()
    return {
      create: async () => ({ kind: 'postgresql', url: await server.createDatabase() }),
      server,
      remove: () => server.remove(),
    }
  }
  // In memory: what a disk takes to flush shows nothing here.
  const dir = mkdtempSync(join('/dev/shm', 'pifarm-queue-'))
  let files = 0
  return {
    create: async () => {
      mkdirSync(join(dir, String(++files)))
      return { kind: 'sqlite', file: join(dir, `${files}/queue.db`) }
    },
    server: undefined,
    remove: async () => rmSync(dir, { recursive: true }),
  }
}

/** Without its lock, its number and its schema: for whoever looks into it, and for many at once. */
export function openDatabase(address: DatabaseAddress): Database {
  if (address.kind === 'postgresql') return openPostgresql(address.url)
  return openSqlite(address.file, () => undefined)
}

export interface TestQueue extends Queue {
  /** Lets the database's clock go on, or back. */
  passes(seconds: number): void
  /** Time goes by with a controller at work, so that what is over is noticed as it would be. */
  watched(seconds: number): Promise<void>
}

/** A migrated queue whose clock the test can set; retries without chance. */
export async function openQueue(
  address: DatabaseAddress,
  rules: Partial<Rules> = {},
): Promise<TestQueue> {
  const real = openDatabase(address)
  await migrate(real)
  let offset = 0
  const db: Database = {
    ...real,
    get now() {
      return sql<number>`${real.now} + ${sql.lit(offset)}`
    },
  }
  const queue: Queue = {
    db,
    bulletin: localBulletin(),
    rules: { ...defaultRules, random: () => 0.5, ...rules },
  }
  await tick(queue)
  return {
    ...queue,
    passes: (seconds) => {
      offset += seconds * 1000
    },
    watched: async (seconds) => {
      for (let left = seconds; left > 0; left -= 30) {
        offset += Math.min(30, left) * 1000
        await tick(queue)
      }
    },
  }
}

/** So many jobs at once, as if each had been submitted. */
export async function fillQueue({ db }: Queue, jobs: number): Promise<void> {
  const settings = JSON.stringify(submission.parse({ path: 'v' }).settings)
  for (let from = 0; from < jobs; from += 500) {
    const rows = Array.from({ length: Math.min(500, jobs - from) }, (_, index) => ({
      path: `v${from + index}.mp4`,
      settings,
      priority: index % 3,
      needs: '[]',
      dedupe_key: `path:v${from + index}.mp4`,
      state: 'queued' as const,
      attempt: 0,
      failures: 0,
      retried_after: 0,
      created_at: db.now,
      run_at: db.now,
      cancel_requested: 0,
    }))
    await db.kysely.insertInto('jobs').values(rows).execute()
  }
}
