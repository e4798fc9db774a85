import { existsSync, linkSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { describe, expect, onTestFinished, test } from 'vitest'
import { takeSqlite } from '../../src/controller/db/sqlite/take-sqlite.ts'
import { findJobs } from '../../src/controller/queue/find-jobs.ts'
import { startController } from '../../src/controller/start-controller.ts'
import { pifarmHere } from '../support/pifarm-here.ts'
import { fillQueue, openQueue } from './databases.ts'
import { controllerOn, dir, file } from './queue-file.ts'

/** A SQLite file is for one process, by whatever name it is called. */

const inUse = () => ({
  message: `${file} is in use by pifarm, pid ${process.pid}`,
  exitCode: 6,
})

/** Makes a link; answers its path. */
function link(name: string, target: string): string {
  symlinkSync(target, join(dir, name))
  return join(dir, name)
}

test.each<[string, () => string]>([
  ['a link to it', () => link('by-link.db', file)],
  ['a relative link', () => link('by-link.db', 'real/queue.db')],
  ['a link to a link', () => link('two.db', link('one.db', file))],
  ['a link to its directory', () => join(link('other', 'real'), 'queue.db')],
  ['a path that goes through it and back', () => `${link('other', 'real')}/../real/queue.db`],
  ['a path from here', () => relative(process.cwd(), file)],
])('%s is the same file: a second controller is refused', async (_, name) => {
  const { options } = await controllerOn(file)
  const database = { kind: 'sqlite', file: name() } as const
  await expect(startController({ ...options, database, port: 0 })).rejects.toMatchObject(inUse())
})

test('export and import by a link to it are refused while a controller has it', async () => {
  await controllerOn(file)
  const by = link('by-link.db', file)
  writeFileSync(join(dir, 'in.jsonl'), '\n')
  for (const words of [
    ['export', join(dir, 'out.jsonl')],
    ['import', join(dir, 'in.jsonl')],
  ])
    expect(await pifarmHere(['jobs', ...words, '--db', by])).toMatchObject({
      code: 6,
      error: inUse().message,
    })
})

test('a link to a file that is still to be made: the first makes it where the link leads', async () => {
  const by = link('by-link.db', 'real/queue.db')
  const first = await controllerOn(by)
  writeFileSync(join(first.media, 'a.mp4'), 'video')
  expect((await first.ask('POST', '/v1/jobs', { path: 'a.mp4' })).status).toBe(201)
  const direct = { ...first.options, database: { kind: 'sqlite', file } as const, port: 0 }
  await expect(startController(direct)).rejects.toMatchObject(inUse())
  await first.stop()

  const second = await controllerOn(file)
  const { jobs } = (await second.ask('GET', '/v1/jobs')).json
  expect(jobs).toMatchObject([{ path: 'a.mp4' }])
})

test('a link into a directory that is still to be made', async () => {
  const by = link('by-link.db', join(dir, 'new/deep/queue.db'))
  const first = await controllerOn(by)
  expect((await first.ask('GET', '/healthz')).status).toBe(200)
})

test('a link that is led elsewhere while it is being taken: the file that was locked is opened, and it is noticed', async () => {
  for (const [path, jobs] of [
    [file, 1],
    [join(dir, 'other.db'), 2],
  ] as const) {
    const queue = await openQueue({ kind: 'sqlite', file: path })
    await fillQueue(queue, jobs)
    await queue.db.close()
  }
  const by = link('by-link.db', file)
  const taking = takeSqlite(by, 'stop it')
  // It waits for its lock now.
  rmSync(by)
  symlinkSync(join(dir, 'other.db'), by)
  const taken = await taking
  onTestFinished(() => taken.close())
  expect((await findJobs(taken.db, { limit: 9 })).jobs).toHaveLength(1)
  expect(() => taken.db.refuseGone()).toThrow(`${by} was replaced while it was open`)
  expect(readdirSync(dir).sort()).toEqual(['by-link.db', 'other.db', 'real'])
})

test('a link that leads to itself is refused', async () => {
  const refused = await pifarmHere(['jobs', 'export', join(dir, 'q'), '--db', link('a', 'a')])
  expect(refused).toMatchObject({
    code: 2,
    error: `the database "${dir}/a" is a link that leads to itself`,
  })
})

test('a hard link is refused, for each name would have a lock and a journal of its own', async () => {
  const first = await controllerOn(file)
  linkSync(file, join(dir, 'hard.db'))
  const hard = { kind: 'sqlite', file: join(dir, 'hard.db') } as const
  const refused = {
    message: `the database "${dir}/hard.db" has 2 names (hard links), and by each it would be another one`,
    hint: `remove the others; to find them: find / -samefile ${dir}/hard.db`,
    exitCode: 2,
  }
  await expect(
    startController({ ...first.options, database: hard, port: 0 }),
  ).rejects.toMatchObject(refused)
  expect(
    await pifarmHere(['jobs', 'export', join(dir, 'q.jsonl'), '--db', hard.file]),
  ).toMatchObject({ code: 2, error: refused.message, hint: refused.hint })
  expect((await first.ask('GET', '/healthz')).status).toBe(200)
})

test('a file that is mounted over another is refused', async () => {
  await controllerOn(file)
  writeFileSync(join(dir, 'other file.db'), '')
  const script = 'mount --bind "$1" "$2" && exec "$3" "$4" jobs export "$5" --db "$2"'
  const pifarm = fileURLToPath(new URL('../../bin/pifarm.js', import.meta.url))
  const words = [file, join(dir, 'other file.db'), process.execPath, pifarm, join(dir, 'q.jsonl')]
  const { exitCode, stderr } = await execa('unshare', ['-m', 'sh', '-c', script, 'sh', ...words], {
    reject: false,
  })
  expect([exitCode, stderr.split('\n')[0]]).toEqual([
    2,
    `pifarm: the database "${dir}/other file.db" is mounted there by itself`,
  ])
})

describe('its lock file is removed by hand', () => {
  test('the controller that had it ends, and refuses whatever is asked until then', async () => {
    const first = await controllerOn(file)
    rmSync(`${file}.lock`)
    expect(await first.lostForGood).toMatchObject({
      message: `the lock ${file}.lock was removed while it was held`,
      hint: expect.stringContaining('leave it where it is'),
      exitCode: 4,
    })
    expect(await first.ask('GET', '/v1/jobs')).toMatchObject({ status: 503 })
  })

  test('a second one that was let in has the file alone, and its lock outlives the first', async () => {
    const first = await controllerOn(file)
    rmSync(`${file}.lock`)
    const second = await startController({ ...first.options, port: 0 })
    onTestFinished(() => second.stop())
    writeFileSync(join(first.media, 'a.mp4'), 'video')
    expect(await first.ask('POST', '/v1/jobs', { path: 'a.mp4' })).toMatchObject({ status: 503 })
    await first.lostForGood
    await first.stop()
    const { options } = first
    await expect(startController({ ...options, port: 0 })).rejects.toMatchObject(inUse())
  })

  test('an import that lost it does not take back the file of who came after it', async () => {
    const taken = await takeSqlite(file, 'stop it')
    rmSync(`${file}.lock`)
    const after = await takeSqlite(file, 'stop it')
    await expect(taken.db.write(async () => 'written')).rejects.toThrow('was removed while')
    await taken.discard()
    expect(existsSync(file)).toBe(true)
    await after.close()
  })
})
