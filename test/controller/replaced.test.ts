import { copyFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { findJobs } from '../../src/controller/queue/find-jobs.ts'
import { startController } from '../../src/controller/start-controller.ts'
import type { ControllerHere } from './controller-here.ts'
import { fillQueue, openDatabase, openQueue } from './databases.ts'
import { controllerOn, dir, file } from './queue-file.ts'

/** A SQLite file that becomes another while a controller has it open. */

/** A database with so many jobs, as a backup of it would be. */
async function backupOf(jobs: number, name = 'backup.db'): Promise<string> {
  const backup = join(dir, name)
  const queue = await openQueue({ kind: 'sqlite', file: backup })
  await fillQueue(queue, jobs)
  await queue.db.close()
  return backup
}

async function submitTo({ media, ask }: ControllerHere, path: string): Promise<number> {
  writeFileSync(join(media, path), 'video')
  return (await ask('POST', '/v1/jobs', { path })).status
}

/** What is in a database that nobody has open, and whether it is whole. */
async function lookInto(file: string) {
  const db = openDatabase({ kind: 'sqlite', file })
  const check = await sql<{ integrity_check: string }>`pragma integrity_check`.execute(db.kysely)
  const jobs = await db.kysely.selectFrom('jobs').select('path').orderBy('id').execute()
  await db.close()
  return { check: check.rows[0]?.integrity_check, paths: jobs.map(({ path }) => path) }
}

describe('it says so by itself, without being asked:', () => {
  test.each<[string, string, () => Promise<void> | void]>([
    ['a rename over it', 'replaced', async () => renameSync(await backupOf(1), file)],
    ['deleted', 'removed', () => rmSync(file)],
    ['moved away', 'removed', () => renameSync(file, join(dir, 'away.db'))],
    [
      'deleted, and restored from a backup',
      'replaced',
      async () => {
        const backup = await backupOf(1)
        rmSync(file)
        copyFileSync(backup, file)
      },
    ],
    ['its directory moved away', 'removed', () => renameSync(join(dir, 'real'), join(dir, 'away'))],
  ])('%s', async (_, what, replace) => {
    const here = await controllerOn(file)
    await replace()
    expect(await here.lostForGood).toMatchObject({
      message: `the database ${file} was ${what} while it was open`,
      hint: expect.stringContaining('stop it before you restore a queue'),
      exitCode: 4,
    })
    expect(here.said).toEqual([])
  })

  test('the link by which it was named leads to another', async () => {
    const backup = await backupOf(1)
    const link = join(dir, 'link.db')
    symlinkSync(file, link)
    const here = await controllerOn(link)
    rmSync(link)
    symlinkSync(backup, link)
    expect((await here.lostForGood).message).toBe(
      `the database ${link} was replaced while it was open`,
    )
  })
})

test('the file of a stopped controller is whole without its journal, as a backup takes it', async () => {
  const here = await controllerOn(file)
  expect(await submitTo(here, 'a.mp4')).toBe(201)
  await here.stop()
  copyFileSync(file, join(dir, 'copy.db'))
  expect(await lookInto(join(dir, 'copy.db'))).toEqual({ check: 'ok', paths: ['a.mp4'] })
})

test('nothing is acknowledged from then on, and a new start answers from the new file', async () => {
  const here = await controllerOn(file)
  expect(await submitTo(here, 'a.mp4')).toBe(201)
  renameSync(await backupOf(2), file)
  const refused = await here.ask('POST', '/v1/jobs', { path: 'a.mp4' })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  expect(refused.json).toEqual({
    error: 'the controller has lost its database',
    hint: 'try again in a moment, when the controller was started again',
  })
  expect((await here.ask('GET', '/healthz')).status).toBe(503)
  await here.lostForGood
  await here.stop()

  const again = await startController({ ...here.options, port: 0 })
  onTestFinished(() => again.stop())
  const { jobs } = await findJobs(again.queue.db, { limit: 9 })
  expect(jobs.map(({ path }) => path)).toEqual(['v1.mp4', 'v0.mp4'])
})

test('a submission that is at work in that moment is not acknowledged', async () => {
  const here = await controllerOn(file)
  const backup = await backupOf(0)
  const written = here.queue.db.write(async (trx) => {
    await sql`select 1`.execute(trx)
    renameSync(backup, file)
  })
  await expect(written).rejects.toThrow('was replaced while it was open')
})

test('the journal of the old file does not get into the new one, and goes with the old one', async () => {
  const here = await controllerOn(file)
  const backup = await backupOf(500)
  for (let n = 0; n < 40; n++) expect(await submitTo(here, `new ${n}.mp4`)).toBe(201)
  const away = join(dir, 'away.db')
  renameSync(file, away)
  renameSync(backup, file)
  await here.lostForGood
  await here.stop()

  const restored = await lookInto(file)
  expect(restored.check).toBe('ok')
  expect(restored.paths).toEqual(Array.from({ length: 500 }, (_, n) => `v${n}.mp4`))
  const old = await lookInto(away)
  expect(old.check).toBe('ok')
  expect(old.paths).toEqual(Array.from({ length: 40 }, (_, n) => `new ${n}.mp4`))
})

test('a backup that brings its own journal keeps it', async () => {
  const here = await controllerOn(file)
  expect(await submitTo(here, 'old.mp4')).toBe(201)
  // Copied while it is open: most of it is in the journal.
  const queue = await openQueue({ kind: 'sqlite', file: join(dir, 'open.db') })
  await fillQueue(queue, 30)
  for (const end of ['', '-wal']) {
    copyFileSync(join(dir, `open.db${end}`), join(dir, `copy.db${end}`))
    renameSync(join(dir, `copy.db${end}`), `${file}${end}`)
  }
  await queue.db.close()
  await here.lostForGood
  await here.stop()

  const restored = await lookInto(file)
  expect(restored.check).toBe('ok')
  expect(restored.paths).toHaveLength(30)
})
