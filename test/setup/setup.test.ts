import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { execa } from 'execa'
import { afterEach, beforeEach, expect, test } from 'vitest'

const project = join(import.meta.dirname, '../..')
const policy = '/usr/sbin/policy-rc.d'
const probe = '/etc/systemd/system/multi-user.target.wants/pifarm-probe.service'
const asked = '/run/asked'

let machine: ChildProcess
beforeEach(async () => {
  machine = spawn('unshare', ['--mount', 'bash', join(import.meta.dirname, 'machine.sh')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  if (machine.stdout) await once(machine.stdout, 'data')
})
afterEach(async () => {
  machine.stdin?.end()
  await once(machine, 'exit')
})

/** A path as the machine sees it. */
function there(path: string): string {
  return `/proc/${machine.pid}/root${path}`
}

/** Runs a program on that machine, as the process that is answered. */
function enter(...argv: readonly string[]) {
  return execa('nsenter', ['--mount', '--target', String(machine.pid), '--', ...argv], {
    env: { PATH: `/run/machine/bin:${process.env.PATH}` },
    reject: false,
  })
}

function startSetup() {
  return enter(process.execPath, join(project, 'test/setup.js'))
}

/** Waits until it installs. */
async function installs(setup: ReturnType<typeof startSetup>): Promise<void> {
  const over = setup.then(({ stderr }) => {
    throw new Error(`it ended before it installed anything:\n${stderr}`)
  })
  const asks = async () => {
    while (!existsSync(there(asked))) await sleep(20)
  }
  await Promise.race([over, asks()])
  over.catch(() => {})
}

/** What starts at boot of what the packages brought. */
function atBoot(): string[] {
  return [probe, '/etc/rc2.d/S01pifarm-script'].filter((path) => {
    try {
      return readFileSync(there(path)).length > 0
    } catch {
      return false
    }
  })
}

test('what it installs does not start, now or at boot, and its policy is gone', async () => {
  const { exitCode, stderr } = await startSetup()
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('pifarm-probe.service')])
  expect(readFileSync(there(asked), 'utf8')).toBe('101\n')
  expect(existsSync(there(policy))).toBe(false)
  expect(atBoot()).toEqual([])
})

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends it, and leaves no policy', async (signal, code) => {
  writeFileSync(there('/run/slow'), '')
  const setup = startSetup()
  await installs(setup)
  expect(existsSync(there(policy))).toBe(true)
  setup.kill(signal)
  expect((await setup).exitCode).toBe(code)
  expect(existsSync(there(policy))).toBe(false)
  expect(atBoot()).toEqual([])
})

test('while dpkg is at work, a signal waits for it', async () => {
  writeFileSync(there('/run/unpacks'), '')
  const setup = startSetup()
  await installs(setup)
  setup.kill('SIGTERM')
  expect((await setup).exitCode).toBe(143)
  expect(existsSync(there('/usr/share/doc/python3-seccomp/copyright'))).toBe(true)
  expect(existsSync(there(policy))).toBe(false)
  expect(atBoot()).toEqual([])
})

test('what a killed one left forbids nothing, and the next one removes it', async () => {
  writeFileSync(there('/run/slow'), '')
  const setup = startSetup()
  await installs(setup)
  setup.kill('SIGKILL')
  await setup
  expect((await enter(policy, 'probe', 'start')).exitCode).toBe(0)
  writeFileSync(there('/usr/share/doc/python3-seccomp/copyright'), '')
  expect(await startSetup()).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(policy) })
  expect(existsSync(there(policy))).toBe(false)
})

test('a second set-up waits for the first, whose policy it would take away', async () => {
  writeFileSync(there('/run/slow'), '')
  const first = startSetup()
  await installs(first)
  rmSync(there('/run/slow'))
  const second = startSetup()
  let said = ''
  second.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await expect.poll(() => said, { timeout: 20_000 }).toContain('waits for another set-up')
  expect(existsSync(there(policy))).toBe(true)
  first.kill('SIGTERM')
  expect((await first).exitCode).toBe(143)
  expect((await second).exitCode).toBe(0)
  expect(existsSync(there(policy))).toBe(false)
})

test('the policy of a person is obeyed, and stays', async () => {
  const text = '#!/bin/sh\nexit 104\n'
  writeFileSync(there(policy), text, { mode: 0o755 })
  expect((await startSetup()).exitCode).toBe(0)
  expect(readFileSync(there(asked), 'utf8')).toBe('104\n')
  expect(readFileSync(there(policy), 'utf8')).toBe(text)
})

test('a build that was cut off is made anew, page and program too', async () => {
  const dist = join(project, 'dist')
  await enter('mount', '-t', 'tmpfs', 'dist', dist)
  writeFileSync(there(join(dist, 'agent.mjs')), '')
  writeFileSync(there('/usr/share/doc/python3-seccomp/copyright'), '')
  expect((await startSetup()).exitCode).toBe(0)
  for (const file of ['main.js', 'web/index.html'])
    expect([file, existsSync(there(join(dist, file)))]).toEqual([file, true])
})
