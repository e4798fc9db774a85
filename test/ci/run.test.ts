import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'

/** A project whose tests, check and set-up end as they are told. */
let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'pifarm-ci-'))
  cpSync(join(import.meta.dirname, '../../.ci'), join(project, '.ci'), { recursive: true })
  put('test/setup.js', 'process.exit(Number(process.env.SETUP ?? 0))')
  put('package.json', '{"scripts": {"check": "exit $CHECK"}}')
  put('node_modules/vitest/vitest.mjs', standIn)
})
afterEach(() => rmSync(project, { recursive: true }))

/** One of these is the tests, the other one the box: the one with a config. */
const standIn = `
import { writeFileSync } from 'node:fs'
const isBox = process.argv.includes('--config')
const { REPORT, STATUS = '0', WAITS } = isBox ? { REPORT: '3 0' } : process.env
const file = process.argv.find((arg) => arg.startsWith('--outputFile.json=')).split('=')[1]
if (WAITS || (isBox && process.env.WAITS)) {
  writeFileSync(isBox ? 'box.pid' : 'tests.pid', String(process.pid))
  setInterval(() => {}, 1000)
} else {
  const [passed, failed] = (REPORT ?? '5 0').split(' ').map(Number)
  const counts = { numPassedTests: passed, numFailedTests: failed, numPendingTests: 0, numTodoTests: 0 }
  if (REPORT !== 'none') writeFileSync(file, JSON.stringify({ ...counts, testResults: [] }))
  process.exit(Number(STATUS))
}
`

function put(file: string, text: string): void {
  mkdirSync(dirname(join(project, file)), { recursive: true })
  writeFileSync(join(project, file), text)
}

function start(env: Readonly<Record<string, string>>) {
  // With a process group of its own, as a terminal gives it one.
  return execa(join(project, '.ci/run'), {
    env: { ...env, TMPDIR: project },
    detached: true,
    reject: false,
  })
}

test.each([
  { what: 'all is well', env: {}, last: '8 passed, 0 failed, 0 skipped', code: 0 },
  {
    what: 'a test fails',
    env: { REPORT: '4 1', STATUS: '1' },
    last: '7 passed, 1 failed, 0 skipped',
    code: 1,
  },
  {
    what: 'an error is nobody’s',
    env: { STATUS: '1' },
    last: '8 passed, 1 failed, 0 skipped',
    code: 1,
  },
  { what: 'no report', env: { REPORT: 'none' }, last: '3 passed, 1 failed, 0 skipped', code: 1 },
  {
    what: 'the check fails',
    env: { CHECK: '1' },
    last: '8 passed, 1 failed, 0 skipped',
    code: 1,
  },
  { what: 'no set-up', env: { SETUP: '1' }, last: '0 passed, 1 failed, 0 skipped', code: 1 },
])('$what: counted in the last line', async ({ env, last, code }) => {
  const { stdout, exitCode } = await start(env)
  expect([stdout.split('\n').at(-1), exitCode]).toEqual([last, code])
})

// A terminal's Ctrl-C goes to the whole group.
test.each([
  { signal: 'SIGTERM', to: 1 },
  { signal: 'SIGKILL', to: 1 },
  { signal: 'SIGINT', to: -1 },
] as const)('$signal ends box and tests too', async ({ signal, to }) => {
  const run = start({ WAITS: '1' })
  const files = ['box.pid', 'tests.pid'].map((name) => join(project, name))
  while (!files.every(existsSync)) await sleep(20)
  const pids = files.map((file) => readFileSync(file, 'utf8'))
  process.kill(to * Number(run.pid), signal)
  const { exitCode, stdout } = await run
  expect(exitCode).not.toBe(0)
  expect(stdout).not.toContain('passed')
  while (pids.some((pid) => existsSync(`/proc/${pid}`))) await sleep(20)
})
