import { expect, test } from 'vitest'
import { agent } from '../../../src/root-template/steps/agent.ts'
import { file } from '../../support/fake-nas.ts'
import { fakeTree, link } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, wishes } from './law.ts'

const unit = '/etc/systemd/system/hls-muxer.service'
const config = '/etc/pifarm-agent.json'
const controller = 'https://nas.lan:8443'

test('its place, its unit and its configuration, which only its user reads', async () => {
  const tree = piRoot('bookworm')
  await mends(agent, tree, { controller })
  expect(tree.textAt(unit)).toContain('\nUser=pi\n')
  expect(await tree.read('/etc/systemd/system/multi-user.target.wants/hls-muxer.service')).toEqual(
    link(unit),
  )
  expect(await tree.read(config)).toEqual({
    kind: 'file',
    text: `{\n  "controller": "${controller}"\n}\n`,
    encoding: 'utf8',
    mode: 0o600,
    uid: 1000,
    gid: 1000,
  })
  await leavesAlone(agent, tree, { controller })
  await leavesAlone(agent, tree)
})

test('another controller replaces the old, and only that', async () => {
  const tree = piRoot('bookworm', { [config]: '{"token":"t","controller":"http://old"}' })
  await mends(agent, tree, { controller })
  expect(JSON.parse(tree.textAt(config) ?? '')).toEqual({ token: 't', controller })
})

test('a configuration that others may read is closed', async () => {
  const tree = piRoot('bookworm', { [config]: file('{"token":"t"}', 0o644) })
  const { problems } = await mends(agent, tree)
  expect(problems).toContain(`${config} may be read by others than its owner`)
  expect(JSON.parse(tree.textAt(config) ?? '')).toEqual({ token: 't' })
})

test("an older version's unit is replaced", async () => {
  const tree = piRoot('bookworm', { [unit]: '[Unit]\n' })
  const { problems } = await mends(agent, tree)
  expect(problems).toContain(`${unit} is not this version's`)
})

test('what is not there yet is told', async () => {
  expect(await agent.notes?.(fakeTree(), wishes)).toEqual([
    '/opt/pifarm/agent.mjs is not there yet: hls-muxer.service waits for it',
    `${config} names no controller: build with --controller URL, or boot with muxcnc=URL`,
  ])
})

test('a configuration that another owns is given to its user', async () => {
  const tree = piRoot('bookworm', { [config]: file('{}', 0o600) })
  const { problems } = await mends(agent, tree)
  expect(problems).toContain(`${config} is not owned by pi`)
  expect(await tree.read(config)).toMatchObject({ uid: 1000, gid: 1000 })
})

test.each(['null', '[1', '7'])('a configuration that is %s is written anew', async (text) => {
  const tree = piRoot('bookworm', { [config]: text })
  await mends(agent, tree, { controller })
  expect(JSON.parse(tree.textAt(config) ?? '')).toEqual({ controller })
})
