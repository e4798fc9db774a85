import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { takeSqlite } from '../../src/controller/db/sqlite/take-sqlite.ts'
import { pifarmHere } from '../support/pifarm-here.ts'
import { startPostgresql } from '../support/postgresql.ts'
import { fillQueue, openQueue } from './databases.ts'

/** A database that cannot be used is told in one line, with its name, and with what to do. */

const pifarm = fileURLToPath(new URL('../../bin/pifarm.js', import.meta.url))
let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-unusable-'))
  writeFileSync(join(dir, 'admin-token'), 'admin-token-of-this-test\n', { mode: 0o600 })
  return () => rmSync(dir, { recursive: true })
})

const serve = (...more: string[]) => ['controller', '--state', dir, '--port', '0', ...more]

const emptyQueue = JSON.stringify({ pifarm: 'queue', version: '0', schema: '0001_queue' })

describe.each(['controller', 'import'])('%s', (command) => {
  test.each<[string, () => string, string]>([
    ['below /proc', () => '/proc/queue.db', 'no such file or directory'],
    ['in a directory that nobody can make', () => '/proc/no/queue.db', 'no such file or directory'],
    ['below a file', () => join(dir, 'admin-token/queue.db'), 'not a directory'],
    ['by too long a name', () => join(dir, 'n'.repeat(300)), 'name too long'],
  ])('%s', async (_, make, reason) => {
    const file = make()
    const moved = join(dir, 'queue.jsonl')
    writeFileSync(moved, `${emptyQueue}\n{"end":0}\n`)
    const argv =
      command === 'controller' ? serve('--db', file) : ['jobs', 'import', moved, '--db', file]
    const { code, error, hint } = await pifarmHere(argv)
    expect([code, error]).toEqual([2, `cannot use the database ${file}: ${reason}`])
    expect(hint).toContain('name another with --db')
    expect(readdirSync(dir).sort()).toEqual(['admin-token', 'queue.jsonl'])
  })
})

describe.each<[string, string, (path: string) => void]>([
  ['a directory', 'is a directory', (path) => mkdirSync(path)],
  ['a pipe', 'is no regular file', (path) => execFileSync('mkfifo', [path])],
])('%s where SQLite or pifarm keeps a file of its own beside the database', (_, what, make) => {
  test.each(['-wal', '-shm', '-journal', '.lock'])(
    'at queue.db%s: a new database, and one with a queue',
    async (end) => {
      const file = join(dir, 'queue.db')
      make(`${file}${end}`)
      const refused = {
        code: 2,
        error: `"${file}${end}" ${what}, and a file is kept there beside the database "${file}"`,
        hint: `move it away: mv ${file}${end} ${file}${end}.aside`,
      }
      expect(await pifarmHere(serve('--db', file))).toMatchObject(refused)
      expect(readdirSync(dir).sort()).toEqual(['admin-token', `queue.db${end}`])

      const other = join(dir, 'other.db')
      await (await takeSqlite(other, '')).close()
      renameSync(other, file)
      for (const argv of [
        ['jobs', 'export', join(dir, 'q.jsonl')],
        ['jobs', 'import', join(dir, 'admin-token')],
        serve(),
      ])
        expect(await pifarmHere([...argv, '--db', file])).toMatchObject(refused)
      expect(readdirSync(dir).sort()).toEqual(['admin-token', 'queue.db', `queue.db${end}`])
    },
  )
})

test('what went wrong first is told, also where it cannot be taken back', async () => {
  const file = join(dir, 'queue.db')
  const taken = takeSqlite(file, '')
  // While the lock is taken, and so after the look at what lies beside it.
  mkdirSync(`${file}-shm`)
  await expect(taken).rejects.toMatchObject({ name: 'SqliteError' })
  expect(readdirSync(dir)).not.toContain('queue.db.lock')
})

/**
 * Runs pifarm where a filesystem of its own, mounted with these options, is at `disk`. A controller that
 * finds room is stopped once it serves.
 */
async function onDisk(options: string, argv: readonly string[]) {
  const script = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"'
  const disk = mkdtempSync(join(dir, 'disk-'))
  const words = [options, disk, process.execPath, pifarm]
  const told = argv.map((word) => word.replace('DISK', disk))
  const run = execa('unshare', ['-m', 'sh', '-c', script, 'sh', ...words, ...told], {
    reject: false,
  })
  run.stderr.on('data', (said: Buffer) => {
    if (said.includes('answers at')) run.kill('SIGTERM')
  })
  const { exitCode, stderr } = await run
  return { exitCode, lines: stderr.split('\n'), disk }
}

test.each([
  ['ro', 'read-only file system'],
  ['nr_inodes=1', 'no space left on device'],
  ['nr_inodes=2', 'no space left on device'],
])('a controller on a disk that is %s', async (options, reason) => {
  const { exitCode, lines, disk } = await onDisk(options, serve('--db', 'DISK/queue.db'))
  expect([exitCode, lines[0]]).toEqual([
    2,
    `pifarm: cannot use the database ${disk}/queue.db: ${reason}`,
  ])
  expect(lines).toHaveLength(2)
})

test('a controller on a disk that gets full, wherever in its start', async () => {
  const ended: string[] = []
  for (const kib of [4, 8, 16, 40, 64, 100, 160, 220, 280, 340, 400]) {
    const started = await onDisk(`size=${kib}k`, serve('--db', 'DISK/queue.db'))
    if (started.exitCode === 0) continue
    ended.push(`${kib}: ${started.exitCode} ${started.lines.length} ${started.lines[0]}`)
    expect(started.lines[0]).toContain(`pifarm: cannot use the database ${started.disk}/queue.db: `)
    expect(started.lines[1]).toContain('make room')
    expect([started.exitCode, started.lines.length]).toEqual([2, 2])
  }
  expect(ended.length).toBeGreaterThan(5)
})

test('an import into a disk that gets full', async () => {
  const file = join(dir, 'queue.db')
  const queue = await openQueue({ kind: 'sqlite', file })
  await fillQueue(queue, 5000)
  await queue.db.close()
  const moved = join(dir, 'queue.jsonl')
  expect(await pifarmHere(['jobs', 'export', moved, '--db', file])).toMatchObject({ code: 0 })
  const argv = ['jobs', 'import', moved, '--db', 'DISK/new.db']
  const { exitCode, lines, disk } = await onDisk('size=1m', argv)
  expect([exitCode, lines[0]]).toEqual([
    2,
    `pifarm: cannot use the database ${disk}/new.db: database or disk is full`,
  ])
})

describe('an export into', () => {
  let file: string
  beforeEach(async () => {
    file = join(dir, 'queue.db')
    const queue = await openQueue({ kind: 'sqlite', file })
    await fillQueue(queue, 500)
    await queue.db.close()
  })

  test.each([
    ['a directory that is not there', 'no/q.jsonl', 'no such file or directory'],
    ['a file as a directory', 'admin-token/q.jsonl', 'not a directory'],
  ])('%s', async (_, name, reason) => {
    const out = join(dir, name)
    expect(await pifarmHere(['jobs', 'export', out, '--db', file])).toMatchObject({
      code: 2,
      error: `cannot write ${JSON.stringify(out)}: ${reason}`,
    })
  })

  test('a full disk', async () => {
    const argv = ['jobs', 'export', 'DISK/q.jsonl', '--db', file]
    const { exitCode, lines, disk } = await onDisk('size=16k', argv)
    expect([exitCode, lines[0]]).toEqual([
      2,
      `pifarm: cannot write "${disk}/q.jsonl": no space left on device`,
    ])
    expect(readFileSync(file).length).toBeGreaterThan(0)
  })
})

test('an export of a database below a file, and of one that is damaged', async () => {
  const out = join(dir, 'q.jsonl')
  const below = join(dir, 'admin-token/queue.db')
  expect(await pifarmHere(['jobs', 'export', out, '--db', below])).toMatchObject({
    code: 2,
    error: `cannot use the database ${below}: not a directory`,
  })
  const damaged = join(dir, 'damaged.db')
  writeFileSync(damaged, `SQLite format 3\0${'x'.repeat(9000)}`)
  expect(await pifarmHere(['jobs', 'export', out, '--db', damaged])).toMatchObject({
    code: 2,
    error: `cannot use the database ${damaged}: file is not a database`,
    hint: 'move it, its -wal and its -shm aside, and put a backup in its place; without one a new queue is made',
  })
  expect(readdirSync(dir).sort()).toEqual(['admin-token', 'damaged.db'])
})

test('a PostgreSQL without that database', async () => {
  const server = await startPostgresql()
  onTestFinished(() => server.remove())
  const url = new URL(await server.createDatabase())
  url.pathname = '/none'
  const env = { DATABASE_URL: url.href }
  expect(await pifarmHere(serve(), { env })).toMatchObject({
    code: 2,
    error: `cannot use the database PostgreSQL ${url.hostname}/none: database "none" does not exist`,
  })
})

test.each([
  ['postgresql://x:secret@127.0.0.1:1/queue', 'PostgreSQL 127.0.0.1/queue: connection refused'],
  ['postgresql://x:secret@localhost:1/queue', 'PostgreSQL localhost/queue: connection refused'],
  ['postgresql:///queue?host=/nowhere', 'PostgreSQL /queue: no such file or directory'],
])('a PostgreSQL that is not there: %s', async (url, told) => {
  expect(await pifarmHere(serve(), { env: { DATABASE_URL: url } })).toMatchObject({
    code: 2,
    error: `cannot use the database ${told}`,
    hint: 'is it running, and is DATABASE_URL right?',
  })
})

test('a DATABASE_URL that is no URL, without its password', async () => {
  const env = { DATABASE_URL: 'postgresql://x:secret@[' }
  expect(await pifarmHere(serve(), { env })).toMatchObject({
    code: 2,
    error: 'DATABASE_URL is no URL',
    hint: 'it is postgresql://user@host/database; for a SQLite file use --db',
  })
})
