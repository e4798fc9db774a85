import { expect, test } from 'vitest'
import { ssh } from '../../../src/root-template/steps/ssh.ts'
import { fakeTree, link } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, wishes } from './law.ts'

const wanted = '/etc/systemd/system/multi-user.target.wants/ssh.service'
const unit = '/lib/systemd/system/ssh.service'

test('it is enabled', async () => {
  const tree = piRoot('bookworm')
  await mends(ssh, tree)
  expect(await tree.read(wanted)).toEqual(link(unit))
})

test('a mask is taken away, and so is the file that refuses', async () => {
  const tree = piRoot('bookworm', {
    '/etc/systemd/system/ssh.service': link('/dev/null'),
    [wanted]: link(unit),
    '/etc/ssh/sshd_not_to_be_run': '',
  })
  await mends(ssh, tree)
})

test('enabled, or started by its socket: left alone', async () => {
  await leavesAlone(ssh, piRoot('bookworm', { [wanted]: link(unit) }))
  const socket = {
    '/lib/systemd/system/ssh.socket': '[Socket]\n',
    '/etc/systemd/system/sockets.target.wants/ssh.socket': link('/lib/systemd/system/ssh.socket'),
  }
  await leavesAlone(ssh, piRoot('trixie', socket))
})

test('without sshd there is nothing to enable: it is still found wanting', async () => {
  const tree = fakeTree({ [wanted]: link(unit) })
  expect(await ssh.inspect(tree, wishes)).toEqual(['ssh.service is not enabled'])
  expect(await ssh.mend(tree, wishes)).toEqual([])
})

test('an init script is not what starts it: systemd has a unit of the same name', async () => {
  await mends(ssh, piRoot('buster', { '/etc/rc3.d/S01ssh': link('../init.d/ssh') }))
})
