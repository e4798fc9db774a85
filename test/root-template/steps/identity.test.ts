import { expect, test } from 'vitest'
import { identity } from '../../../src/root-template/steps/identity.ts'
import { file } from '../../support/fake-nas.ts'
import { link } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

const id = '0123456789abcdef0123456789abcdef\n'

test.each([
  ['buster', ''],
  ['bookworm', ''],
  ['trixie', 'uninitialized\n'],
] as const)('%s: nothing of one machine is left, machine-id is %j', async (release, blank) => {
  const tree = piRoot(release, {
    '/etc/machine-id': file(id, 0o444),
    '/var/lib/dbus/machine-id': id,
    '/etc/ssh/ssh_host_ed25519_key': file('KEY', 0o600),
    '/etc/ssh/ssh_host_ed25519_key.pub': 'KEY',
    '/var/lib/dhcpcd/duid': '00:01',
  })
  await mends(identity, tree)
  expect(await tree.read('/etc/machine-id')).toEqual(file(blank, 0o444))
  for (const path of [
    '/var/lib/dbus/machine-id',
    '/etc/ssh/ssh_host_ed25519_key',
    '/etc/ssh/ssh_host_ed25519_key.pub',
    '/var/lib/dhcpcd/duid',
    '/var/lib/systemd/random-seed',
  ])
    expect(await tree.read(path)).toBeUndefined()
  expect(tree.textAt('/etc/ssh/sshd_config')).toBe('Port 22\n')
})

test('a missing machine-id is made, for a root that is read-only', async () => {
  const tree = piRoot('bookworm')
  await tree.put('/etc/machine-id', undefined)
  await mends(identity, tree)
})

test.each(['', 'uninitialized\n'])(
  'machine-id %j is blank, a link of dbus is right',
  async (text) => {
    const tree = piRoot('bookworm', {
      '/etc/machine-id': text,
      '/var/lib/dbus/machine-id': link('/etc/machine-id'),
    })
    await tree.put('/var/lib/systemd/random-seed', undefined)
    await leavesAlone(identity, tree)
  },
)
