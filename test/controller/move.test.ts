import {
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { DatabaseAddress } from '../../src/controller/db/database.ts'
import { cancel } from '../../src/controller/queue/change-job.ts'
import { type ClaimedRow, claimNext } from '../../src/controller/queue/claim.ts'
import { complete } from '../../src/controller/queue/complete.ts'
import { fail } from '../../src/controller/queue/fail.ts'
import { findJobs } from '../../src/controller/queue/find-jobs.ts'
import { renewLease } from '../../src/controller/queue/heartbeat.ts'
import { drain, register } from '../../src/controller/queue/muxers.ts'
import { submit } from '../../src/controller/queue/submit.ts'
import { submission } from '../../src/protocol/views.ts'
import { pifarmHere } from '../support/pifarm-here.ts'
import { type Databases, databasesOf, dialects, fillQueue, openQueue } from './databases.ts'
import { progress, registration, resultFor } from './played-agent.ts'

const all = {} as Record<(typeof dialects)[number], Databases>
let dir: string

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-move-'))
  for (const dialect of dialects) all[dialect] = await databasesOf(dialect)
})
afterAll(async () => {
  for (const dialect of dialects) await all[dialect].remove()
  rmSync(dir, { recursive: true })
})

/** `pifarm jobs ...` on a database. */
async function jobs(
  what: 'export' | 'import',
  file: string,
  address: DatabaseAddress,
  signal = new AbortController().signal,
) {
  return address.kind === 'sqlite'
    ? await pifarmHere(['jobs', what, file, '--db', address.file], { signal })
    : await pifarmHere(['jobs', what, file], { env: { DATABASE_URL: address.url }, signal })
}

let files = 0
const newFile = () => join(dir, `${++files}.jsonl`)

/** A queue in which each table has something; answers the lease that is held. */
async function filled(address: DatabaseAddress): Promise<ClaimedRow> {
  const queue = await openQueue(address, { tidy: { policy: 'move', afterSeconds: 0 } })
  await register(queue, '1', registration)
  await register(queue, '2', { ...registration, hostname: 'Zwölf' })
  await drain(queue, '2')
  for (let n = 1; n <= 6; n++) {
    const webhook = 'https://example.invalid/told'
    const wish = submission.parse({
      path: `a/ü ${n}.mp4`,
      needs: n === 6 ? ['never'] : [],
      webhook,
    })
    await submit(queue, wish, { idempotencyKey: `key-${n}` })
  }
  const claim = async () => (await claimNext(queue, { muxer: '1', labels: [] })) as ClaimedRow
  const done = await claim()
  await complete(queue, done.id, '1', {
    token: done.lease_token,
    result: resultFor(done.path),
  })
  const bad = await claim()
  await fail(queue, bad.id, '1', {
    token: bad.lease_token,
    reason: 'FFmpegErr',
    retryable: false,
    detail: 'it "broke"\n',
    argv: ['ffmpeg'],
    logTail: 'log',
  })
  await cancel(queue, 3)
  const held = await claim()
  await queue.db.close()
  return held
}

describe.each([
  ['sqlite', 'postgresql'],
  ['postgresql', 'sqlite'],
] as const)('a queue moves from %s to %s', (from, to) => {
  test('whole, and whoever is at work goes on', async () => {
    const [source, target] = [await all[from].create(), await all[to].create()]
    const held = await filled(source)
    const file = newFile()
    expect(await jobs('export', file, source)).toMatchObject({ code: 0, error: '' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const moved = await jobs('import', file, target)
    expect(moved).toMatchObject({ code: 0, error: '' })
    expect(moved.stderr).toMatch(/^imported 6 jobs into /)

    const again = newFile()
    await jobs('export', again, target)
    expect(readFileSync(again, 'utf8')).toBe(readFileSync(file, 'utf8'))
    for (const table of ['jobs', 'job_needs', 'attempts', 'muxers', 'tidy', 'webhooks'])
      expect(readFileSync(again, 'utf8')).toContain(`{"table":"${table}",`)

    const queue = await openQueue(target)
    const { lease_token: token } = held
    expect(await renewLease(queue, held.id, '1', { token, progress })).toEqual({ cancel: false })
    const { job } = await submit(queue, submission.parse({ path: 'new.mp4' }))
    expect(job.id).toBe(7)
    expect((await findJobs(queue.db, { limit: 10 })).jobs).toHaveLength(7)
    await queue.db.close()
  })
})

test('a link that leads nowhere is something that is there: no export takes its place', async () => {
  const source = await all.sqlite.create()
  await filled(source)
  const file = newFile()
  symlinkSync(join(dir, 'unmounted'), file)
  expect(await jobs('export', file, source)).toMatchObject({
    code: 2,
    error: `"${file}" is there already`,
  })
  expect(lstatSync(file).isSymbolicLink()).toBe(true)
})

test('what lies where an export is written is neither written through nor kept open to others', async () => {
  const source = await all.sqlite.create()
  await filled(source)
  const [linked, left, victim] = [newFile(), newFile(), newFile()]
  writeFileSync(victim, 'precious')
  symlinkSync(victim, `${linked}.unfinished`)
  writeFileSync(`${left}.unfinished`, 'of an export that was killed', { mode: 0o644 })
  for (const file of [linked, left]) {
    expect(await jobs('export', file, source)).toMatchObject({ code: 0, error: '' })
    expect(lstatSync(file).isFile()).toBe(true)
    expect(lstatSync(file).mode & 0o777).toBe(0o600)
  }
  expect(readFileSync(victim, 'utf8')).toBe('precious')
})

test('a lease lasts as long as it would have, however long the move takes', async () => {
  const [source, target] = [await all.sqlite.create(), await all.postgresql.create()]
  const held = await filled(source)
  const file = newFile()
  await jobs('export', file, source)
  const hourAgo = readFileSync(file, 'utf8').replace(
    /("lease_until":|"ticked_at":)(\d+)/g,
    (_, name: string, ms: string) => `${name}${Number(ms) - 3_600_000}`,
  )
  writeFileSync(file, hourAgo)
  await jobs('import', file, target)

  const queue = await openQueue(target)
  const { lease_token: token } = held
  expect(await renewLease(queue, held.id, '1', { token, progress })).toEqual({ cancel: false })
  await queue.db.close()
})

describe('refused, and nothing is imported:', () => {
  let lines: string[]

  beforeAll(async () => {
    const source = await all.sqlite.create()
    await filled(source)
    const file = newFile()
    await jobs('export', file, source)
    lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  })

  test.each<[string, (lines: string[]) => string[], string]>([
    ['half a file', (all) => all.slice(0, -3), 'it ends too early: the export was cut off'],
    ['a row that others need', (all) => all.toSpliced(2, 1), 'do not belong together'],
    ['a row that none needs', (all) => all.toSpliced(-2, 1), 'rows were written'],
    ['two files in one', (all) => [...all, ...all], 'more follows the end'],
    [
      'half a line',
      (all) => all.with(2, '{"table":'),
      'line 3 of the exported queue: it is not JSON',
    ],
    ['another file', () => ['hello'], 'it is not JSON: "hello"'],
    ['another JSON', () => ['{}'], 'this is no queue that `pifarm jobs export` wrote'],
    ['an unknown table', (all) => all.with(2, '{"table":"sqlite_master","row":{}}'), 'line 3'],
    [
      'a path that leads out',
      (all) => all.with(1, (all[1] ?? '').replace('"a/', '"../')),
      'line 2 of the exported queue: row.path',
    ],
    [
      'a newer schema',
      (all) => all.with(0, (all[0] ?? '').replace(/\d{4}_\w+/, '9999_later')),
      'which is newer: this one knows up to',
    ],
  ])('%s', async (_, change, message) => {
    const file = newFile()
    writeFileSync(file, `${change(lines).join('\n')}\n`)
    const target = await all.sqlite.create()
    const refused = await jobs('import', file, target)
    expect(refused.code).toBe(2)
    expect(refused.error).toContain(message)
    const queue = await openQueue(target)
    expect((await findJobs(queue.db, { limit: 10 })).jobs).toEqual([])
    await queue.db.close()
  })

  test('a database that is in use, and one with jobs in it', async () => {
    const file = newFile()
    writeFileSync(file, `${lines.join('\n')}\n`)
    const target = await all.postgresql.create()
    expect(await jobs('import', file, target)).toMatchObject({ code: 0 })
    expect(await jobs('import', file, target)).toMatchObject({
      code: 2,
      error: 'the database has jobs in it already',
    })
  })

  test('no file, an existing file, no database, a DATABASE_URL of another kind', async () => {
    const none = await all.sqlite.create()
    expect(await jobs('import', newFile(), none)).toMatchObject({ code: 2 })
    expect((await jobs('export', newFile(), none)).error).toContain('there is no database')
    const taken = newFile()
    writeFileSync(taken, '')
    expect((await jobs('export', taken, none)).error).toContain('is there already')
    const env = { DATABASE_URL: 'mysql://root:secret@db/x' }
    const refused = await pifarmHere(['jobs', 'export', newFile()], { env })
    expect(refused).toMatchObject({ code: 2, error: 'DATABASE_URL begins with "mysql"' })
  })
})

describe('an interrupted move ends with 130 and leaves nothing:', () => {
  /** A queue whose move takes a while, in a directory of its own. */
  async function large(): Promise<{ file: string; source: DatabaseAddress }> {
    const source = await all.sqlite.create()
    const queue = await openQueue(source)
    await fillQueue(queue, 5000)
    await queue.db.close()
    return { file: join(mkdtempSync(join(dir, 'large-')), 'q.jsonl'), source }
  }

  test('an export', async () => {
    const { file, source } = await large()
    const interrupt = new AbortController()
    const ended = jobs('export', file, source, interrupt.signal)
    const here = () => readdirSync(dirname(file)).map((name) => join(dirname(file), name))
    await vi.waitUntil(() => here().some((path) => statSync(path).size > 0), { interval: 1 })
    interrupt.abort()
    expect(await ended).toMatchObject({ code: 130 })
    expect(here()).toEqual([])
  })

  test.each(dialects)('an import into %s', async (dialect) => {
    const { file, source } = await large()
    await jobs('export', file, source)
    const target = await all[dialect].create()
    const interrupt = new AbortController()
    const ended = jobs('import', file, target, interrupt.signal)
    setTimeout(() => interrupt.abort(), 100)
    expect(await ended).toMatchObject({ code: 130 })
    if (target.kind === 'sqlite') expect(readdirSync(dirname(target.file))).toEqual([])
    expect(await jobs('import', file, target)).toMatchObject({ code: 0 })
  })
})

test('two exports at once to one file: the first has it, the second is told', async () => {
  const source = await all.postgresql.create()
  await filled(source)
  const file = join(mkdtempSync(join(dir, 'two-')), 'q.jsonl')
  const both = await Promise.all([jobs('export', file, source), jobs('export', file, source)])
  expect(both.map(({ code, error }) => [code, error]).sort()).toEqual([
    [0, ''],
    [2, `"${file}" is there already`],
  ])
  expect(readdirSync(dirname(file))).toEqual(['q.jsonl'])
})

describe('the name of an export', () => {
  async function inProcess(changes: string, file: string, source: DatabaseAddress) {
    const script = `
      import fs from 'node:fs'
      import { syncBuiltinESMExports } from 'node:module'
      const { link } = fs.promises
      const die = () => process.kill(process.pid, 'SIGKILL')
      const refuse = () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM', errno: -1 }))
      ${changes}
      syncBuiltinESMExports()
      const { exportTo } = await import('./src/controller/move/move-queue.ts')
      const [file, address] = process.argv.slice(1)
      await exportTo(file, JSON.parse(address), new AbortController().signal)`
    const node = ['--import', 'tsx', '--input-type=module', '-e', script]
    const argv = [...node, file, JSON.stringify(source)]
    return await execa(process.execPath, argv, { reject: false })
  }

  /** Exports in a process of its own, in which some of the calls to the file system do something else; and then once more. */
  async function exported(changes: string) {
    const source = await all.sqlite.create()
    await filled(source)
    const [whole, file] = [newFile(), join(mkdtempSync(join(dir, 'named-')), 'q.jsonl')]
    await jobs('export', whole, source)
    const names = () => readdirSync(dirname(file)).filter((name) => name !== 'q.jsonl')
    const isWhole = () =>
      existsSync(file) && readFileSync(file, 'utf8') === readFileSync(whole, 'utf8')
    const { exitCode, signal } = await inProcess(changes, file, source)
    const first = { ended: signal ?? exitCode, isWhole: isWhole(), left: names().length }
    expect(existsSync(file)).toBe(first.isWhole)
    // The kernel frees the lock of a killed one, but its keeper needs a moment to see the end.
    await sleep(500)
    const { code } = await jobs('export', file, source)
    expect([code, isWhole(), names()]).toEqual([first.isWhole ? 2 : 0, true, []])
    return first
  }

  test.each([
    [
      'before its first line',
      "const { open } = fs.promises; fs.promises.open = (...all) => open(...all).then((handle) => (all[1] === 'wx' ? die() : handle))",
    ],
    ['at its naming', 'fs.promises.link = die'],
    [
      'after its naming without hard links',
      'fs.promises.link = () => ((fs.lstatSync = die), syncBuiltinESMExports(), refuse())',
    ],
  ])('leads to nothing but the whole where whoever writes it is killed %s', async (_, changes) => {
    const { ended } = await exported(changes)
    expect(ended).toBe('SIGKILL')
  })

  test('is not taken from a file that came meanwhile, where the file system knows no hard links', async () => {
    const changes = `
      fs.promises.link = async (_, to) => (fs.writeFileSync(to, 'of somebody'), refuse())`
    const source = await all.sqlite.create()
    await filled(source)
    const file = join(mkdtempSync(join(dir, 'named-')), 'q.jsonl')
    expect((await inProcess(changes, file, source)).exitCode).toBe(1)
    expect(readFileSync(file, 'utf8')).toBe('of somebody')
    expect(readdirSync(dirname(file))).toEqual(['q.jsonl'])
  })

  test('leads to all of it from the first, also where whoever writes it is killed', async () => {
    const changes = 'fs.renameSync = die; fs.promises.link = (...all) => link(...all).then(die)'
    expect(await exported(changes)).toEqual({ ended: 'SIGKILL', isWhole: true, left: 1 })
  })

  test('is taken, too, where the file system knows no hard links', async () => {
    const changes = 'fs.promises.link = refuse'
    expect(await exported(changes)).toEqual({ ended: 0, isWhole: true, left: 0 })
  })

  test('is flushed with its directory', async () => {
    const changes = `
      const { open } = fs.promises
      let flushed = false
      fs.promises.open = async (path, ...rest) => {
        const handle = await open(path, ...rest)
        const { sync } = handle
        if ((await handle.stat()).isDirectory())
          handle.sync = () => sync.call(handle).then(() => (flushed = true))
        return handle
      }
      process.on('exit', () => (process.exitCode ||= flushed ? 0 : 7))`
    expect(await exported(changes)).toEqual({ ended: 0, isWhole: true, left: 0 })
  })
})

test.each<[string, () => string, string]>([
  ['a device', () => '/dev/null', '"/dev/null" is no regular file'],
  ['a directory', () => dir, 'is no regular file'],
  ['no file', () => join(dir, 'none'), 'there is no file'],
  [
    'an empty file',
    () => {
      const file = newFile()
      writeFileSync(file, '')
      return file
    },
    'is empty',
  ],
])('%s to import is called what it is', async (_, make, message) => {
  const refused = await jobs('import', make(), await all.sqlite.create())
  expect(refused).toMatchObject({
    code: 2,
    error: expect.stringContaining(message),
    hint: 'name a file that `pifarm jobs export` wrote',
  })
})
