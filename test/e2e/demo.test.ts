import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'

const dir = mkdtempSync(join(tmpdir(), 'pifarm-demo-'))
afterAll(() => rmSync(dir, { recursive: true }))

test('where the disk of the NAS cannot be made, that and why is what is said last', async () => {
  // Where User-Mode-Linux is not installed, it comes to no mirror either.
  writeFileSync(join(dir, 'mmdebstrap'), '#!/bin/sh\necho no mirror answers\nexit 25\n', {
    mode: 0o755,
  })
  const env = { XDG_CACHE_HOME: dir, PATH: `${dir}:${process.env.PATH}` }
  const argv = ['--import', 'tsx', join(import.meta.dirname, 'demo.ts')]
  const { exitCode, all } = await execa(process.execPath, argv, { env, all: true, reject: false })
  expect([exitCode, all.trim().split('\n').at(-1)]).toEqual([
    1,
    expect.stringMatching(/^the disk of the NAS could not be made: .*(?:ended with 25|linux\.uml)/),
  ])
})
