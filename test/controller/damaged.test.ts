import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { sql } from 'kysely'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startController } from '../../src/controller/start-controller.ts'
import { pifarmHere } from '../support/pifarm-here.ts'
import { startPostgresql } from '../support/postgresql.ts'
import { type ControllerHere, controllerHere } from './controller-here.ts'
import { fillQueue, openQueue } from './databases.ts'
import { controllerOn, dir, file } from './queue-file.ts'

/** A SQLite file of which a part is no database any more: as a disk leaves it that forgets. */

const malformed = 'database disk image is malformed'
const page = 4096

beforeEach(async () => {
  const queue = await openQueue({ kind: 'sqlite', file })
  await fillQueue(queue, 500)
  await queue.db.close()
  copyFileSync(file, join(dir, 'backup.db'))
})

/** Everything but the heading and what says which tables there are. */
function spoil(): void {
  const open = openSync(file, 'r+')
  for (let at = 20 * page; at < statSync(file).size; at += page)
    writeSync(open, Buffer.alloc(page, 'x'), 0, page, at)
  closeSync(open)
}

/** A controller over a damaged file. */
async function spoiledController(): Promise<ControllerHere> {
  const here = await controllerOn(file)
  spoil()
  // What SQLite has read before it remembers, as long as there is room.
  await sql`pragma shrink_memory`.execute(here.queue.db.kysely)
  return here
}

/** Meets the damage, and keeps it to itself. */
async function readJobs({ queue: { db } }: ControllerHere): Promise<void> {
  await db.kysely
    .selectFrom('jobs')
    .selectAll()
    .execute()
    .catch(() => undefined)
}

const told = () => ({
  error: `the database ${file} is damaged: ${malformed}`,
  hint: `what was written into it may be lost: stop the controller, move ${file}, its -wal and its -shm aside, put a backup there, and start it`,
})

describe('under a controller', () => {
  test('it says so, promises nothing, and ends', async () => {
    const here = await spoiledController()
    const answer = await here.ask('GET', '/v1/jobs')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([500, null])
    expect(answer.json).toEqual(told())
    expect(await here.lostForGood).toMatchObject({
      message: told().error,
      hint: told().hint,
      exitCode: 4,
    })
    // Also what would not touch the damaged part. Strangers are not told where it lies.
    const health = await fetch(new URL('/healthz', here.address))
    expect([health.status, await health.json()]).toEqual([
      500,
      {
        error: 'the database of the controller is damaged',
        hint: 'its log says where that lies, and what to do',
      },
    ])
    const stranger = await fetch(new URL('/v1/jobs', here.address))
    expect(await stranger.text()).not.toContain(file)
    expect(here.said).toEqual([])
  })

  test('it is noticed too where whoever met it kept it to himself', async () => {
    const here = await spoiledController()
    await readJobs(here)
    expect((await here.lostForGood).message).toBe(told().error)
  })

  test('nothing that is asked for from then on is done, and a backup is served after a new start', async () => {
    const here = await spoiledController()
    await readJobs(here)
    await expect(here.queue.db.write(async () => 'written')).rejects.toThrow('is damaged')
    await here.stop()

    const start = () => startController({ ...here.options, port: 0 })
    await expect(start()).rejects.toMatchObject({
      message: expect.stringContaining(`cannot use the database ${file}: ${malformed}`),
      hint: expect.stringContaining('put a backup in its place'),
    })
    for (const end of ['', '-wal', '-shm'])
      if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${file}${end}.aside`)
    copyFileSync(join(dir, 'backup.db'), file)
    const again = await start()
    onTestFinished(() => again.stop())
    const { count } = await again.queue.db.kysely
      .selectFrom('jobs')
      .select((select) => select.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow()
    expect(count).toBe(500)
  })
})

test.each(['controller', 'export'])('for %s it is refused as it is', async (command) => {
  spoil()
  const argv =
    command === 'export'
      ? ['jobs', 'export', join(dir, 'out.jsonl'), '--db', file]
      : ['controller', '--state', dir, '--port', '0', '--db', file]
  writeFileSync(join(dir, 'admin-token'), 'admin-token-of-this-test\n', { mode: 0o600 })
  expect(await pifarmHere(argv)).toMatchObject({
    code: 2,
    error: expect.stringContaining(`cannot use the database ${file}: ${malformed}`),
  })
  expect(existsSync(join(dir, 'out.jsonl'))).toBe(false)
})

test('what a person who was killed had half written is put back, and no damage', async () => {
  const script = `
    const db = new (require("libsql"))(process.argv[1])
    db.exec("pragma cache_size = 1; begin; update jobs set path = hex(randomblob(2000)); create table half (a)")
    process.kill(process.pid, "SIGKILL")`
  await execa(process.execPath, ['-e', script, file], { reject: false })
  expect(statSync(`${file}-journal`).size).toBeGreaterThan(page)
  const here = await controllerOn(file)
  const { jobs } = (await here.ask('GET', '/v1/jobs?limit=1')).json
  expect(jobs).toMatchObject([{ path: 'v499.mp4' }])
})

test('a PostgreSQL that finds itself damaged is told as that, and ends the controller', async () => {
  const server = await startPostgresql()
  onTestFinished(() => server.remove())
  const url = await server.createDatabase()
  const here = await controllerHere({ database: { kind: 'postgresql', url } })
  onTestFinished(() => here.remove())
  const { kysely } = here.queue.db
  for (const statement of [
    'alter table jobs rename to whole',
    `create function broken() returns setof whole language plpgsql as
      $$ begin raise 'invalid page in block 7' using errcode = 'XX001'; end $$`,
    'create view jobs as select * from broken()',
  ])
    await sql.raw(statement).execute(kysely)
  const error = `the database PostgreSQL ${new URL(url).hostname}${new URL(url).pathname} is damaged: invalid page in block 7`
  const hint =
    'what was written into it may be lost: stop its controllers, restore it from a backup, and start them'
  const answer = await here.ask('GET', '/v1/jobs')
  expect([answer.status, answer.json]).toEqual([500, { error, hint }])
  expect(await here.lostForGood).toMatchObject({ message: error, hint, exitCode: 4 })
  const argv = ['jobs', 'export', join(dir, 'q.jsonl')]
  expect(await pifarmHere(argv, { env: { DATABASE_URL: url } })).toMatchObject({
    code: 2,
    error: expect.stringMatching(
      /^cannot use the database PostgreSQL .*: invalid page in block 7$/,
    ),
    hint,
  })
})
