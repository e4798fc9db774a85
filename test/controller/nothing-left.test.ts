import { once } from 'node:events'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Libsql from 'libsql'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { startController } from '../../src/controller/start-controller.ts'
import { pifarmHere } from '../support/pifarm-here.ts'
import { controllerHere } from './controller-here.ts'
import { fillQueue, openQueue } from './databases.ts'

/** What is refused leaves every directory as it was. */

let dir: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-nothing-left-'))
  return () => rmSync(dir, { recursive: true })
})

/** Every path below the directory, with the bytes of the files. */
function everything(): Record<string, string> {
  const paths = readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort()
  return Object.fromEntries(
    paths.map((path) => {
      const isDir = readdirSync(dir, { recursive: true, withFileTypes: true }).some(
        (entry) => entry.isDirectory() && join(entry.parentPath, entry.name) === join(dir, path),
      )
      return [path, isDir ? 'dir' : readFileSync(join(dir, path), 'latin1')]
    }),
  )
}

function at(name: string, content: string): string {
  writeFileSync(join(dir, name), content)
  return join(dir, name)
}

/** Another program's database, in the mode that makes files beside it. */
function foreign(): string {
  const file = join(dir, 'places.sqlite')
  const db = new Libsql(file)
  db.exec('pragma journal_mode = wal')
  db.exec('create table bookmarks (url text)')
  db.close()
  return file
}

async function queueOf(jobs: number): Promise<string> {
  const file = join(dir, 'queue.db')
  const queue = await openQueue({ kind: 'sqlite', file })
  await fillQueue(queue, jobs)
  await queue.db.close()
  return file
}

describe.each(['export', 'import', 'controller'])('%s', (command) => {
  test.each<[string, () => string, RegExp]>([
    [
      'a text',
      () => at('passwd', 'root:x:0:0:root:/root:/bin/bash\n'),
      /passwd" is no SQLite file$/,
    ],
    ['a file shorter than a heading', () => at('short', 'SQLite'), /short" is no SQLite file$/],
    [
      "another program's database",
      foreign,
      /places\.sqlite" is that of another program: it has the table "bookmarks"$/,
    ],
    ['a directory', () => dir, /is a directory$/],
    ['a device', () => '/dev/null', /is no regular file$/],
  ])('%s for a database is refused, and nothing is left', async (_, make, message) => {
    const file = make()
    const before = everything()
    const error = expect.stringMatching(message)
    if (command === 'controller') {
      const database = { kind: 'sqlite', file } as const
      await expect(controllerHere({ database })).rejects.toMatchObject({
        message: error,
        exitCode: 2,
      })
    } else {
      const beside = mkdtempSync(join(tmpdir(), 'pifarm-queue-file-'))
      onTestFinished(() => rmSync(beside, { recursive: true }))
      const moved = join(beside, 'queue.jsonl')
      if (command === 'import') writeFileSync(moved, '\n')
      expect(await pifarmHere(['jobs', command, moved, '--db', file])).toMatchObject({
        code: 2,
        error,
      })
      expect(readdirSync(beside)).toEqual(command === 'import' ? ['queue.jsonl'] : [])
    }
    expect(everything()).toEqual(before)
    expect(existsSync('/dev/null.lock')).toBe(false)
  })
})

test("another program's database is refused though it is all in the journal of one that was killed", async () => {
  const [live, file] = [join(dir, 'live.sqlite'), join(dir, 'killed.sqlite')]
  const db = new Libsql(live)
  db.exec('pragma journal_mode = wal')
  db.exec('create table bookmarks (url text)')
  for (const end of ['', '-wal']) copyFileSync(`${live}${end}`, `${file}${end}`)
  db.close()
  const before = everything()
  expect(await pifarmHere(['jobs', 'export', join(dir, 'moved'), '--db', file])).toMatchObject({
    code: 2,
    error: expect.stringMatching(/killed\.sqlite" is that of another program/),
  })
  expect(everything()).toEqual(before)
})

describe('an import that is refused', () => {
  test.each<[string, string]>([
    ['beside it', 'new.db'],
    ['in a directory that is still to be made', 'some/where/new.db'],
  ])('leaves no new database, %s', async (_, name) => {
    const moved = at('queue.jsonl', 'hello\n')
    const before = everything()
    expect(await pifarmHere(['jobs', 'import', moved, '--db', join(dir, name)])).toMatchObject({
      code: 2,
      error: 'line 1 of the exported queue: it is not JSON: "hello"',
    })
    expect(everything()).toEqual(before)
  })

  test('leaves an empty file empty', async () => {
    const moved = at('queue.jsonl', 'hello\n')
    const empty = at('empty.db', '')
    const before = everything()
    expect(await pifarmHere(['jobs', 'import', moved, '--db', empty])).toMatchObject({ code: 2 })
    expect(everything()).toEqual(before)
  })

  test('leaves a database with jobs in it as it was', async () => {
    const file = await queueOf(3)
    const moved = join(dir, 'queue.jsonl')
    expect(await pifarmHere(['jobs', 'export', moved, '--db', file])).toMatchObject({ code: 0 })
    const before = Object.keys(everything())
    expect(await pifarmHere(['jobs', 'import', moved, '--db', file])).toMatchObject({
      code: 2,
      error: 'the database has jobs in it already',
    })
    expect(Object.keys(everything())).toEqual(before)
    const again = join(dir, 'again.jsonl')
    await pifarmHere(['jobs', 'export', again, '--db', file])
    expect(readFileSync(again, 'utf8')).toBe(readFileSync(moved, 'utf8'))
  })
})

test('an export leaves nothing but the export, and refuses a database that is none yet', async () => {
  const file = await queueOf(3)
  const moved = join(dir, 'queue.jsonl')
  expect(await pifarmHere(['jobs', 'export', moved, '--db', file])).toMatchObject({ code: 0 })
  expect(Object.keys(everything())).toEqual(['queue.db', 'queue.jsonl'])
  const empty = at('empty.db', '')
  const before = everything()
  expect(await pifarmHere(['jobs', 'export', join(dir, 'no.jsonl'), '--db', empty])).toMatchObject({
    code: 2,
    error: `there is no queue in the database ${empty}`,
  })
  expect(everything()).toEqual(before)
})

test('a controller that cannot start leaves no new database, and one that was stopped its file alone', async () => {
  const here = await controllerHere()
  onTestFinished(() => here.remove())
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as { port: number }
  const database = { kind: 'sqlite', file: join(dir, 'some/where/queue.db') } as const
  await expect(startController({ ...here.options, database, port })).rejects.toMatchObject({
    message: `port ${port} of 127.0.0.1 is in use`,
  })
  expect(everything()).toEqual({})

  mkdirSync(join(dir, 'some'))
  const started = await startController({ ...here.options, database, port: 0 })
  await started.stop()
  expect(Object.keys(everything())).toEqual(['some', 'some/where', 'some/where/queue.db'])
})
