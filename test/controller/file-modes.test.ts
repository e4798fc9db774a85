import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type ControllerHere, controllerHere } from './controller-here.ts'

/** Lease tokens and webhook addresses are in a queue: it is for its owner alone, wherever it lies. */

let dir: string
let file: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-modes-'))
  mkdirSync(join(dir, 'there'), { mode: 0o755 })
  file = join(dir, 'there/queue.db')
  const before = process.umask(0o022)
  return () => {
    process.umask(before)
    rmSync(dir, { recursive: true })
  }
})

async function started(): Promise<ControllerHere> {
  const here = await controllerHere({ database: { kind: 'sqlite', file } })
  onTestFinished(() => here.remove())
  return here
}

const modes = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(join(dir, 'there')).map((name) => [
      name,
      (statSync(join(dir, 'there', name)).mode & 0o777).toString(8),
    ]),
  )

const closed = {
  'queue.db': '600',
  'queue.db-shm': '600',
  'queue.db-wal': '600',
  'queue.db.lock': '600',
}

test('in a directory that is there already, whatever the umask', async () => {
  process.umask(0)
  const here = await started()
  expect(modes()).toEqual(closed)
  writeFileSync(join(here.media, 'a.mp4'), 'video')
  expect((await here.ask('POST', '/v1/jobs', { path: 'a.mp4' })).status).toBe(201)
  await here.stop()
  await started()
  expect(modes()).toEqual(closed)
})

test('one that everybody may read, of an older pifarm, is closed to others; a group stays as a person set it', async () => {
  const here = await started()
  await here.stop()
  for (const name of readdirSync(join(dir, 'there'))) chmodSync(join(dir, 'there', name), 0o644)
  await started()
  expect(modes()).toMatchObject({
    'queue.db': '640',
    'queue.db-shm': '640',
    'queue.db-wal': '640',
  })
})
