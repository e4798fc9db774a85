import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterAll, expect, test } from 'vitest'

const dir = mkdtempSync(join(tmpdir(), 'pifarm-child-'))
afterAll(() => rmSync(dir, { recursive: true }))

test.each([
  { signal: 'SIGINT', exitCode: 130, cleaned: 'SIGINT' },
  { signal: 'SIGTERM', exitCode: 143, cleaned: 'SIGTERM' },
  { signal: 'SIGHUP', exitCode: 129, cleaned: 'SIGHUP' },
  // Then nobody is left who could wait.
  { signal: 'SIGKILL', exitCode: undefined, cleaned: 'SIGTERM' },
] as const)('$signal: what it runs cleans up and ends', async ({ signal, exitCode, cleaned }) => {
  const file = (name: string) => join(dir, `${signal}-${name}`)
  const child = `
    const { writeFileSync } = require('node:fs')
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
      process.on(signal, () => setTimeout(() => {
        writeFileSync(process.argv[2], signal)
        process.exit(0)
      }, 300))
    writeFileSync(process.argv[1], 'begun')
    setInterval(() => {}, 1000)`
  const parent = `
    import { runChild } from ${JSON.stringify(join(import.meta.dirname, 'run-child.js'))}
    await runChild([process.execPath, '-e', ...process.argv.slice(1)])`
  const argv = ['--input-type=module', '-e', parent, child, file('begun'), file('cleaned')]
  const run = execa(process.execPath, argv, { reject: false })
  while (!existsSync(file('begun'))) await sleep(20)
  run.kill(signal)
  expect((await run).exitCode).toBe(exitCode)
  if (signal === 'SIGKILL') while (!existsSync(file('cleaned'))) await sleep(20)
  await sleep(20)
  expect(readFileSync(file('cleaned'), 'utf8')).toBe(cleaned)
})
