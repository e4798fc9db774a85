import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { agentProgram } from '../../../src/agent-program.ts'
import type { Entry } from '../../../src/host/host.ts'
import { agent } from '../../../src/root-template/steps/agent/agent.ts'
import { version } from '../../../src/version.ts'
import { dir, file } from '../../support/fake-nas.ts'
import { fakeTree, link } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, wishes } from './law.ts'

const unit = '/etc/systemd/system/hls-muxer.service'
const config = '/etc/pifarm-agent.json'
const program = '/opt/pifarm/agent.mjs'
const controller = 'https://nas.lan:8443'
const places = { mediaDir: '/home/pi/remote', lockFile: '/home/pi/hlsmux.lock' }

/** The settings as they lie in a root, the agent's own and nobody else's. */
function ownSettings(value: object): Entry {
  const text = JSON.stringify(value)
  return { kind: 'file', text, encoding: 'utf8', mode: 0o600, uid: 561, gid: 561 }
}

/** A root with the agent as this pifarm installs it, and something more or other. */
async function withAgent(more: Parameters<typeof piRoot>[1] = {}) {
  const tree = piRoot('bookworm')
  await agent.mend(tree, { ...wishes, controller })
  for (const [path, entry] of Object.entries(more))
    await tree.put(path, typeof entry === 'string' ? file(entry) : entry)
  return tree
}

test('its user, its program, its unit, and its settings, which only it reads', async () => {
  const tree = piRoot('bookworm')
  const { changes } = await mends(agent, tree, { controller })
  expect(changes).toEqual([
    'added the user hls-muxer to /etc/group, /etc/passwd, /etc/shadow',
    `wrote ${program} ${version()}`,
    `wrote ${unit}`,
    'enabled hls-muxer.service',
    `wrote ${config}`,
  ])
  expect(tree.textAt('/etc/passwd')).toMatch(/\nhls-muxer:x:561:561:.*:\/usr\/sbin\/nologin\n$/)
  expect(tree.textAt('/etc/group')).toMatch(/\nhls-muxer:x:561:\n$/)
  expect(tree.textAt('/etc/shadow')).toMatch(/\nhls-muxer:!\*:::::::\n$/)
  expect(await tree.read('/etc/shadow')).toMatchObject({ mode: 0o640, gid: 42 })
  expect(await tree.read(program)).toEqual(file(agentProgram(), 0o755))
  expect(tree.textAt(unit)).toMatch(/^User=hls-muxer$/m)
  expect(tree.textAt(unit)).toMatch(/^After=.* home-pi-remote\.automount$/m)
  expect(await tree.read('/etc/systemd/system/multi-user.target.wants/hls-muxer.service')).toEqual(
    link(unit),
  )
  expect(await tree.read(config)).toEqual({
    ...file(`${JSON.stringify({ controller, ...places }, undefined, 2)}\n`, 0o600),
    uid: 561,
    gid: 561,
  })
  await leavesAlone(agent, tree, { controller })
  await leavesAlone(agent, tree)
})

test('what was installed runs, and is of this version', async () => {
  const at = mkdtempSync(join(tmpdir(), 'pifarm-agent-'))
  try {
    writeFileSync(join(at, 'agent.mjs'), (await withAgent()).textAt(program) ?? '')
    const said = execFileSync(process.execPath, [join(at, 'agent.mjs'), '--version'])
    expect(said.toString()).toBe(`${version()}\n`)
  } finally {
    rmSync(at, { recursive: true })
  }
})

test('systemd has nothing against the unit, and rates it as well shut', async () => {
  const at = mkdtempSync(join(tmpdir(), 'pifarm-unit-'))
  try {
    const path = join(at, 'hls-muxer.service')
    // What it names is in the template, not here.
    const text = ((await withAgent()).textAt(unit) ?? '')
      .replace('/usr/bin/node', process.execPath)
      .replace('User=hls-muxer', 'User=root')
    writeFileSync(path, text)
    const verified = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
      encoding: 'utf8',
    })
    expect([verified.stderr, verified.status]).toEqual(['', 0])
    // In tenths: 10 is open to everything, 100 of it would be the default of a unit.
    const judge = ['security', '--offline=true', '--threshold=30', '--no-pager', path]
    const rated = spawnSync('systemd-analyze', judge, { encoding: 'utf8' })
    expect([rated.stderr, rated.status]).toEqual(['', 0])
    expect(rated.stdout).toMatch(/Overall exposure level for hls-muxer\.service: [12]\.\d OK/)
  } finally {
    rmSync(at, { recursive: true })
  }
})

test.each([
  ['missing', undefined, `${program} is missing`],
  [
    'of an older version',
    file('#!/usr/bin/env node\n// pifarm agent 0.0.9\n', 0o755),
    `${program} is 0.0.9, and this pifarm's is ${version()}`,
  ],
  [
    'of the same version, but changed',
    file(`${agentProgram()}//\n`, 0o755),
    `${program} says it is ${version()}, but differs from this pifarm's`,
  ],
  [
    'something else',
    file('console.log(1)\n', 0o755),
    `${program} is no agent of pifarm, and this pifarm's is ${version()}`,
  ],
  ['open to others', file(agentProgram(), 0o775), `${program} may be written by others than root`],
])('an agent that is %s is replaced', async (_, entry, problem) => {
  const tree = await withAgent()
  await tree.put(program, entry)
  const { problems, changes } = await mends(agent, tree, { controller })
  expect(problems).toEqual([problem])
  expect(changes).toEqual([`wrote ${program} ${version()}`])
  expect(await tree.read(program)).toEqual(file(agentProgram(), 0o755))
})

test('another controller replaces the old, and what a person has set stays', async () => {
  const own = { lockFile: '/srv/lock', controller: 'http://old', labels: ['fast'] }
  const tree = await withAgent({ [config]: ownSettings(own) })
  const { problems } = await mends(agent, tree, { controller })
  expect(problems).toEqual([
    `${config} has not the controller ${controller}`,
    `${config} has not the mediaDir /home/pi/remote`,
  ])
  expect(JSON.parse(tree.textAt(config) ?? '')).toEqual({
    ...own,
    controller,
    mediaDir: '/home/pi/remote',
  })
})

test('settings that others may read, or that another owns, are given to the agent alone', async () => {
  const tree = await withAgent({ [config]: file(JSON.stringify(places), 0o644) })
  const { problems } = await mends(agent, tree)
  expect(problems).toEqual([
    `${config} may be read by others than its owner`,
    `${config} is not owned by hls-muxer`,
  ])
  expect(await tree.read(config)).toMatchObject({ mode: 0o600, uid: 561, gid: 561 })
})

test.each(['null', '[1', '7'])('settings that are %s are written anew', async (text) => {
  const tree = await withAgent({ [config]: text })
  await mends(agent, tree, { controller })
  expect(JSON.parse(tree.textAt(config) ?? '')).toEqual({ controller, ...places })
})

test('a key that the agent would refuse is told, and left for a person to mend', async () => {
  const tree = await withAgent({ [config]: ownSettings({ ...places, token: 't' }) })
  expect(await agent.inspect(tree, wishes)).toEqual([
    expect.stringMatching(/^\/etc\/pifarm-agent\.json: .*token/),
  ])
  expect(await agent.mend(tree, wishes)).toEqual([])
})

test("an older version's unit is replaced, and a mask taken away", async () => {
  for (const entry of [file('[Unit]\n'), link('/dev/null')]) {
    const tree = await withAgent({ [unit]: entry })
    const { problems } = await mends(agent, tree)
    expect(problems).toContain(`${unit} is not this version's`)
    expect(tree.textAt(unit)).toMatch(/^ExecStart=/m)
  }
})

test('a home that lets nobody in lets others pass, and not look', async () => {
  const tree = await withAgent({ '/home/pi': dir(0o700) })
  const { problems } = await mends(agent, tree)
  expect(problems).toEqual(['/home/pi lets nobody through to the media share'])
  expect(await tree.read('/home/pi')).toEqual(dir(0o701))
})

test('another login user: the share and the lock file are in their home', async () => {
  const tree = piRoot('bookworm', { '/home/max-m': dir() })
  await mends(agent, tree, { user: 'max-m' })
  expect(JSON.parse(tree.textAt(config) ?? '')).toEqual({
    mediaDir: '/home/max-m/remote',
    lockFile: '/home/max-m/hlsmux.lock',
  })
  expect(tree.textAt(unit)).toContain(' home-max\\x2dm-remote.automount\n')
})

test('its number, where somebody else has it, is not taken away', async () => {
  const tree = piRoot('bookworm', { '/etc/group': 'root:x:0:\nmine:x:561:\n' })
  await expect(agent.mend(tree, wishes)).rejects.toThrow(
    /^\/etc\/group of .* gives the number 561 to mine$/,
  )
})

test('no controller is told', async () => {
  expect(await agent.notes?.(fakeTree(), wishes)).toEqual([
    `${config} names no controller: build with --controller URL, or boot with muxcnc=URL`,
  ])
})
