import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type CardPi, startCardPi } from '../support/card-pi.ts'
import type { Answer } from '../support/recording-ui.ts'
import { type ScratchNas, scratchNas } from '../support/scratch-nas.ts'
import { laySourceTree } from '../support/source-tree.ts'
import {
  type DeafAgent,
  makeKeys,
  type SshAgent,
  startDeafAgent,
  startSshAgent,
} from '../support/ssh-agent.ts'
import { plainWishes } from '../support/template-tree.ts'

let nas: ScratchNas
let pi: CardPi
let agent: SshAgent | undefined

beforeAll(async () => {
  nas = scratchNas()
  pi = await startCardPi(nas.dir, laySourceTree(join(nas.dir, 'source'), 'bookworm'))
})
afterEach(async () => {
  await agent?.stop()
  agent = undefined
  fs.rmSync(join(nas.roots, 'x'), { recursive: true, force: true })
})
afterAll(async () => {
  await pi.stop()
  nas.remove()
})

function words(): string[] {
  const there = ['--ssh-port', String(pi.port), '--ssh-fingerprint', pi.fingerprint]
  return ['template', 'build', 'x', '--from-pi', 'pi@127.0.0.1', ...there, ...plainWishes]
}

async function build(
  socket: string | undefined,
  more: readonly string[] = [],
  answers: readonly Answer[] = [],
) {
  return await nas.pifarm([...words(), ...more], { answers, ...(socket && { agent: socket }) })
}

test('a key of the agent opens the Pi, and nothing is asked', async () => {
  agent = await startSshAgent(nas.dir, [pi.key])
  const built = await build(agent.socket)
  expect([built.error, built.code, built.questions]).toEqual(['', 0, []])
})

test("a key of the agent is found behind others that the Pi doesn't know", async () => {
  agent = await startSshAgent(nas.dir, [...makeKeys(nas.dir, 3), pi.key])
  const built = await build(agent.socket)
  expect([built.error, built.code]).toEqual(['', 0])
})

test('an agent without keys leaves it to the password', async () => {
  agent = await startSshAgent(nas.dir, [])
  const built = await build(agent.socket, [], [pi.password])
  expect([built.error, built.questions]).toEqual(['', ['Password of pi@127.0.0.1:']])
})

describe('an agent that has ended, as that of a session long ago', () => {
  test('leaves it to the password', async () => {
    const built = await build(join(nas.dir, 'gone'), [], [pi.password])
    expect([built.error, built.questions]).toEqual(['', ['Password of pi@127.0.0.1:']])
  })

  test('does not hide the key that was named', async () => {
    const built = await build(join(nas.dir, 'gone'), ['--ssh-identity', pi.key])
    expect([built.error, built.code]).toEqual(['', 0])
  })

  test('is named where there is nothing else', async () => {
    const socket = join(nas.dir, 'gone')
    const built = await build(socket)
    expect(built.error).toBe('pi@127.0.0.1 refuses the login')
    expect(built.hint).toContain(`the ssh agent at SSH_AUTH_SOCK ${socket} could not be used`)
  })
})

describe.each([
  ['hangs', () => startDeafAgent(nas.dir)],
  ['has a key that waits for a touch', () => deafTo([pi.key])],
])('an agent that %s', (_, start) => {
  let deaf: DeafAgent

  async function buildWith(more: readonly string[] = [], answers: readonly Answer[] = []) {
    deaf = await start()
    const all = [...words(), ...more]
    return await nas.pifarm(all, { answers, agent: deaf.socket, agentPatienceMs: 1000 })
  }
  afterEach(() => deaf.stop())

  test('is told as the agent, with what to do, and nothing stays open', async () => {
    const built = await buildWith()
    expect([built.error, built.code]).toEqual([
      `no login to pi@127.0.0.1: the ssh agent at SSH_AUTH_SOCK ${deaf.socket} does not answer`,
      3,
    ])
    expect(built.hint).toContain('--ssh-identity names a key file')
    await expect.poll(() => deaf.open()).toBe(0)
  })

  test('leaves it to the password', async () => {
    const built = await buildWith([], [pi.password])
    expect([built.error, built.questions]).toEqual(['', ['Password of pi@127.0.0.1:']])
  })

  test('does not hide the key that was named', async () => {
    const built = await buildWith(['--ssh-identity', pi.key])
    expect([built.error, built.code]).toEqual(['', 0])
  })
})

async function deafTo(keys: readonly string[]): Promise<DeafAgent> {
  agent = await startSshAgent(nas.dir, keys)
  return await startDeafAgent(nas.dir, agent.socket)
}

test('more keys than the Pi lets try are told as such', async () => {
  agent = await startSshAgent(nas.dir, [...makeKeys(nas.dir, 8), pi.key])
  const built = await build(agent.socket)
  expect([built.error, built.code]).toEqual([
    'pi@127.0.0.1 refuses the login: Too many authentication failures',
    3,
  ])
  expect(built.hint).toContain('--ssh-identity names the right one')
  const named = await build(agent.socket, ['--ssh-identity', pi.key])
  expect([named.error, named.code]).toEqual(['', 0])
})

describe('under sudo, which takes SSH_AUTH_SOCK away', () => {
  const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const tsx = fileURLToPath(import.meta.resolve('tsx'))

  function bySudo(flags: readonly string[]) {
    const pifarm = [process.execPath, '--import', tsx, main, '--config', join(nas.dir, 'farm.yaml')]
    return spawnSync('sudo', ['-n', ...flags, ...pifarm, ...words()], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, SSH_AUTH_SOCK: agent?.socket },
    })
  }

  test('it is said how to hand it on', async () => {
    agent = await startSshAgent(nas.dir, [pi.key])
    const { status, stderr } = bySudo([])
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/refuses the login\n.*sudo --preserve-env=SSH_AUTH_SOCK/),
    ])
  })

  test('handed on, its key opens the Pi', async () => {
    agent = await startSshAgent(nas.dir, [pi.key])
    const { status, stderr } = bySudo(['--preserve-env=SSH_AUTH_SOCK'])
    expect([status, stderr]).toEqual([0, expect.stringContaining('built x')])
  })
})
