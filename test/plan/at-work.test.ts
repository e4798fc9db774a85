import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { localHost } from '../../src/host/local.ts'
import { lockFile, runAtWork } from '../../src/plan/at-work.ts'

/** With the real lock and the kernel's own table of locks. */

let state = ''

beforeEach(() => {
  state = fs.mkdtempSync(join(tmpdir(), 'pifarm-'))
})

afterEach(() => {
  fs.rmSync(state, { recursive: true })
})

test('a run is at work while it holds the lock, and no longer', async () => {
  const nas = localHost()
  expect(await runAtWork(nas, state)).toBeUndefined()
  const lock = await nas.lock(lockFile(state), 'pifarm apply (pid 1)')
  if ('heldBy' in lock) throw new Error(`held by ${lock.heldBy}`)
  expect(await runAtWork(nas, state)).toBe('pifarm apply (pid 1)')
  await lock.release()
  expect(fs.readFileSync(lockFile(state), 'utf8')).toBe('pifarm apply (pid 1)\n')
  expect(await runAtWork(nas, state)).toBeUndefined()
})

test('to look does not keep a run from starting', async () => {
  const nas = localHost()
  fs.writeFileSync(lockFile(state), 'long gone\n')
  const looks = Array.from({ length: 20 }, () => runAtWork(nas, state))
  const lock = await nas.lock(lockFile(state), 'pifarm apply')
  expect(lock).not.toHaveProperty('heldBy')
  await Promise.all(looks)
  if (!('heldBy' in lock)) await lock.release()
})
