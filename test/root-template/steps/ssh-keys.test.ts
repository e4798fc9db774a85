import { expect, test } from 'vitest'
import { sshKeys } from '../../../src/root-template/steps/ssh-keys.ts'
import { dir } from '../../support/fake-nas.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { key, leavesAlone, mends } from './law.ts'

const ofUser = '/home/pi/.ssh/authorized_keys'
const ofRoot = '/root/.ssh/authorized_keys'

test('the user and root get it, readable by the one whose it is', async () => {
  const tree = piRoot('bookworm')
  const { changes } = await mends(sshKeys, tree)
  expect(changes).toEqual([`${ofUser} has the key ben@desk`, `${ofRoot} has the key ben@desk`])
  const own = { kind: 'file', text: `${key}\n`, encoding: 'utf8', mode: 0o600 }
  expect(await tree.read(ofUser)).toEqual({ ...own, uid: 1000, gid: 1000 })
  expect(await tree.read(ofRoot)).toEqual({ ...own, uid: 0, gid: 0 })
  expect(await tree.read('/root/.ssh')).toEqual(dir(0o700))
  // The port makes directories for root only.
  expect(tree.ran).toEqual([
    ['install', '-d', '-m', '0700', '-o', '1000', '-g', '1000', '--', '/home/pi/.ssh'],
  ])
})

test('a key is added to those of others, which stay', async () => {
  const others = '# mine\nssh-rsa AAAAB3 someone@else'
  const tree = piRoot('bookworm', { [ofUser]: others })
  await mends(sshKeys, tree)
  expect(tree.textAt(ofUser)).toBe(`${others}\n${key}\n`)
})

test('a key that is there with options and another comment is there', async () => {
  const there = `from="10.77.0.0/24" ${key.replace('ben@desk', 'x')}\n`
  await leavesAlone(sshKeys, piRoot('bookworm', { [ofUser]: there, [ofRoot]: there }))
})

test('a commented key opens nothing', async () => {
  await mends(sshKeys, piRoot('bookworm', { [ofUser]: `#${key}\n`, [ofRoot]: `${key}\n` }))
})

test('no keys wished: left alone', async () => {
  await leavesAlone(sshKeys, piRoot('bookworm'), { sshKeys: [] })
})
