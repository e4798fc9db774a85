import fs, {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { sql } from 'kysely'
import Libsql from 'libsql'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { TakenDatabase } from '../../src/controller/db/database.ts'
import { takeDatabase } from '../../src/controller/db/take-database.ts'
import { findJobs } from '../../src/controller/queue/find-jobs.ts'
import { fillQueue, openQueue } from './databases.ts'

/** The journal that a killed controller left, beside its own database and beside a backup. */

let dir: string
let file: string

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-left-journal-'))
  file = join(dir, 'queue.db')
  return () => rmSync(dir, { recursive: true })
})

const take = (file: string) => takeDatabase({ kind: 'sqlite', file }, 'stop it')

/** Takes it, adds jobs, and copies what lies there then: what a controller that is killed leaves. */
async function kill(live: string, jobs: number): Promise<void> {
  const taken = await take(live)
  await addJobs(taken, jobs)
  for (const end of ['', '-wal', '.lock']) copyFileSync(`${live}${end}`, `${file}${end}`)
  await taken.close()
}

async function addJobs({ db }: TakenDatabase, jobs: number, from = 1000): Promise<void> {
  await db.write(async (trx) => {
    for (let n = from; n < from + jobs; n++)
      await sql`insert into jobs select * from (select ${n} as id, path, settings, priority, muxer, needs, ${`key ${n}`} as dedupe_key, webhook, state, attempt, failures, retried_after, created_at, not_before, run_at, ended_at, lease_token, leased_by, leased_at, lease_until, cancel_requested, progress, result, video_seconds, failure_reason, failure_detail, source from jobs limit 1)`.execute(
        trx,
      )
  })
}

async function queueOf(jobs: number, name: string): Promise<string> {
  const path = join(dir, name)
  const taken = await take(path)
  await taken.close()
  const queue = await openQueue({ kind: 'sqlite', file: path })
  await fillQueue(queue, jobs)
  await queue.db.close()
  return path
}

const everything = () =>
  Object.fromEntries(
    readdirSync(dir).map((name) => [name, readFileSync(join(dir, name), 'latin1')]),
  )

test.each<[string, (backup: string) => void]>([
  ['copied over it', (backup) => copyFileSync(backup, file)],
  ['renamed over it', (backup) => renameSync(backup, file)],
])('a backup that is %s is refused while that journal lies there', async (_, restore) => {
  const live = await queueOf(20, 'live.db')
  const backup = join(dir, 'backup.db')
  copyFileSync(live, backup)
  await kill(live, 30)
  restore(backup)
  const before = everything()
  for (let time = 0; time < 2; time++)
    await expect(take(file)).rejects.toMatchObject({
      message: `${file}-wal is the journal of another database, and would spoil ${file}`,
      hint: `for a restored backup: mv ${file}-wal ${file}-wal.aside; for a backup that brought this journal along: mv ${file}.lock ${file}.lock.aside`,
      exitCode: 4,
    })
  expect(everything()).toEqual(before)

  rmSync(`${file}-wal`)
  const taken = await take(file)
  onTestFinished(() => taken.close())
  expect((await findJobs(taken.db, { limit: 100 })).jobs).toHaveLength(20)
})

test('a database that is moved away alone does not lose what is in its journal', async () => {
  const live = await queueOf(20, 'live.db')
  await kill(live, 30)
  const aside = join(dir, 'aside.db')
  renameSync(file, aside)
  const before = everything()
  for (let time = 0; time < 2; time++)
    await expect(take(file)).rejects.toMatchObject({
      message: `${file}-wal is the journal of a database that is not there any more`,
      exitCode: 4,
    })
  expect(everything()).toEqual(before)

  renameSync(aside, file)
  const taken = await take(file)
  onTestFinished(() => taken.close())
  expect((await findJobs(taken.db, { limit: 100 })).jobs).toHaveLength(50)
})

test('a backup that was made while that very controller ran is not changed where the journal does not fit it', async () => {
  const live = await queueOf(20, 'live.db')
  const running = await take(live)
  // Its journal is empty still.
  copyFileSync(live, file)
  await addJobs(running, 300)
  await sql`pragma wal_checkpoint(restart)`.execute(running.db.kysely)
  await addJobs(running, 10, 2000)
  for (const end of ['-wal', '.lock']) copyFileSync(`${live}${end}`, `${file}${end}`)
  await running.close()
  const before = ['', '-wal'].map((end) => readFileSync(`${file}${end}`))
  await expect(take(file)).rejects.toMatchObject({
    message: expect.stringContaining(
      `cannot use the database ${file}: database disk image is malformed`,
    ),
    hint: expect.stringContaining('move it, its -wal and its -shm aside'),
  })
  expect(['', '-wal'].map((end) => readFileSync(`${file}${end}`))).toEqual(before)

  for (const end of ['-wal', '-shm']) rmSync(`${file}${end}`)
  const taken = await take(file)
  onTestFinished(() => taken.close())
  expect((await findJobs(taken.db, { limit: 100 })).jobs).toHaveLength(20)
})

test('a backup that takes the place of a damaged one is refused beside its journal, however often that one was refused', async () => {
  const live = await queueOf(500, 'live.db')
  const backup = join(dir, 'backup.db')
  copyFileSync(live, backup)
  await kill(live, 5)
  const bytes = readFileSync(file)
  writeFileSync(file, bytes.fill('x', 20 * 4096))
  for (let time = 0; time < 2; time++)
    await expect(take(file)).rejects.toThrow('database disk image is malformed')
  copyFileSync(backup, file)
  await expect(take(file)).rejects.toThrow(`${file}-wal is the journal of another database`)
})

test.each(['writeSync', 'ftruncateSync'] as const)(
  'where %s of a start fails, as on a full disk, it is still known whose journal that is',
  async (call) => {
    const live = await queueOf(20, 'live.db')
    const backup = join(dir, 'backup.db')
    copyFileSync(live, backup)
    await kill(live, 5)
    // Longer than what is written over it.
    appendFileSync(`${file}.lock`, readFileSync(`${file}.lock`))
    const real = fs[call]
    onTestFinished(() => void Object.assign(fs, { [call]: real }))
    const full = () => {
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', errno: -28 })
    }
    Object.assign(fs, { [call]: full })
    await expect(take(file)).rejects.toThrow('no space left on device')
    Object.assign(fs, { [call]: real })
    copyFileSync(backup, file)
    await expect(take(file)).rejects.toThrow(`${file}-wal is the journal of another database`)
  },
)

test('the database of a killed controller gets what is in its journal, however often it is killed', async () => {
  const live = await queueOf(1, 'live.db')
  await kill(live, 5)
  for (let time = 0; time < 2; time++) {
    renameSync(file, live)
    for (const end of ['-wal', '.lock']) renameSync(`${file}${end}`, `${live}${end}`)
    await kill(live, 0)
  }
  const taken = await take(file)
  onTestFinished(() => taken.close())
  expect((await findJobs(taken.db, { limit: 100 })).jobs).toHaveLength(6)
})

test('where no lock file tells, the journal is taken as it always was', async () => {
  const live = await queueOf(1, 'live.db')
  await kill(live, 5)
  rmSync(`${file}.lock`)
  const taken = await take(file)
  onTestFinished(() => taken.close())
  expect((await findJobs(taken.db, { limit: 100 })).jobs).toHaveLength(6)
})

test('a journal that cannot be put away keeps the lock file, which tells whose it is', async () => {
  const live = await queueOf(1, 'live.db')
  const taken = await take(live)
  const reader = new Libsql(live)
  reader.exec('begin; select count(*) from jobs')
  await taken.db.write((trx) => sql`update jobs set priority = 1`.execute(trx))
  await taken.close()
  expect([existsSync(`${live}-wal`), existsSync(`${live}.lock`)]).toEqual([true, true])
  reader.exec('commit')
  reader.close()
  await (await take(live)).close()
})

test('one without its -shm: the controller and a person see what the other writes', async () => {
  const live = await queueOf(3, 'live.db')
  await kill(live, 5)
  const taken = await take(file)
  onTestFinished(() => taken.close())
  await inProcess(file, 'update jobs set priority = 7 where id = 1')
  await taken.db.write((trx) => sql`update jobs set priority = 8 where id = 2`.execute(trx))
  await inProcess(file, 'update jobs set priority = 9 where id = 3')
  const { jobs } = await findJobs(taken.db, { limit: 100 })
  expect(jobs.map(({ priority }) => priority).filter((each) => each > 6)).toEqual([9, 8, 7])
})

/** As a person would, with a program that knows nothing of us. */
async function inProcess(file: string, statement: string): Promise<void> {
  const script = 'new (require("libsql"))(process.argv[1]).exec(process.argv[2])'
  await execa(process.execPath, ['-e', script, file, statement])
}
