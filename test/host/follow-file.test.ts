import fs from 'node:fs'
import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { followFile } from '../../src/host/follow-file.ts'

let dir: string
let log: string
let over: AbortController
const heard: string[] = []
let following: Promise<void>

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'follow-'))
  log = join(dir, 'log')
  over = new AbortController()
  heard.length = 0
})

afterEach(async () => {
  over.abort()
  await following
  await rm(dir, { recursive: true })
})

function follow(back: number): void {
  following = (async () => {
    for await (const line of followFile(log, back, over.signal)) heard.push(line)
  })()
}

async function hears(...lines: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 200 && heard.length < lines.length; tries += 1) await sleep(10)
  expect(heard.map((line) => line.slice(0, 80))).toEqual(lines)
}

test('the last lines first, whole ones only, then each as it comes', async () => {
  await writeFile(log, 'first\nsecond\nthird\n')
  follow(10)
  await hears('third')
  await appendFile(log, 'fou')
  await sleep(100)
  await appendFile(log, 'rth\nfifth\n')
  await hears('third', 'fourth', 'fifth')
})

test('nothing of the past where none is wanted', async () => {
  await writeFile(log, 'first\n')
  follow(0)
  await sleep(100)
  await appendFile(log, 'second\n')
  await hears('second')
})

test('rotation: what is still written into the old file is heard too', async () => {
  await writeFile(log, 'one\n')
  follow(1000)
  await hears('one')
  await rename(log, `${log}.1`)
  await appendFile(`${log}.1`, 'late\n')
  await hears('one', 'late')
  await writeFile(log, 'new\n')
  await hears('one', 'late', 'new')
  await appendFile(`${log}.1`, 'very late\n')
  await hears('one', 'late', 'new', 'very late')
})

test('truncation: the file is read from its start again', async () => {
  await writeFile(log, 'one long line\n')
  follow(1000)
  await hears('one long line')
  await truncate(log)
  await sleep(100)
  await appendFile(log, 'two\n')
  await hears('one long line', 'two')
})

test('a file that comes later is read from its start', async () => {
  follow(0)
  await sleep(100)
  await writeFile(log, 'one\n')
  await hears('one')
})

test('a line without an end does not fill the memory, and is not told', async () => {
  await writeFile(log, '')
  follow(1000)
  await appendFile(log, `${'x'.repeat(200_000)}\nnext\n`)
  await hears('next')
})

test('a log that nobody may read is an error, not one without news', async () => {
  await writeFile(log, 'first\n')
  // The tests run as root, who may read everything.
  const open = vi.spyOn(fs, 'openSync').mockImplementationOnce(() => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
  })
  follow(10)
  await expect(following).rejects.toThrow('permission denied')
  following = Promise.resolve()
  open.mockRestore()
})
