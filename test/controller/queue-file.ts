import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, onTestFinished } from 'vitest'
import { type ControllerHere, controllerHere } from './controller-here.ts'

/** For tests of the SQLite file itself: each has a directory of its own, and a name for a queue in it. */
export let dir: string
export let file: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-queue-file-'))
  mkdirSync(join(dir, 'real'))
  file = join(dir, 'real/queue.db')
  return () => rmSync(dir, { recursive: true })
})

export async function controllerOn(file: string): Promise<ControllerHere> {
  const here = await controllerHere({ database: { kind: 'sqlite', file } })
  onTestFinished(() => here.remove())
  return here
}
