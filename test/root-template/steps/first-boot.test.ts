import { expect, test } from 'vitest'
import { firstBoot } from '../../../src/root-template/steps/first-boot.ts'
import { link } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

const own = '/etc/systemd/system'

test.each([
  ['buster', ['resize2fs_once', 'regenerate_ssh_host_keys']],
  ['bullseye', ['regenerate_ssh_host_keys', 'userconfig']],
  ['bookworm', ['regenerate_ssh_host_keys', 'userconfig']],
  ['trixie', ['rpi-resize', 'userconfig', 'cloud-init-local']],
] as const)('%s: %j are masked', async (release, units) => {
  const tree = piRoot(release)
  const { changes } = await mends(firstBoot, tree)
  for (const unit of units) {
    expect(changes).toContain(`masked ${unit}.service`)
    expect(await tree.read(`${own}/${unit}.service`)).toEqual(link('/dev/null'))
  }
})

test('bookworm: without the wizard the screen has its login prompt back', async () => {
  const tree = piRoot('bookworm')
  const { changes } = await mends(firstBoot, tree)
  expect(changes).toContain('enabled getty@tty1.service')
  expect(await tree.read(`${own}/getty.target.wants/getty@tty1.service`)).toEqual(
    link('/lib/systemd/system/getty@.service'),
  )
  expect(tree.textAt('/etc/xdg/autostart/piwiz.desktop')).toBeUndefined()
  expect(tree.textAt('/etc/ssh/sshd_config.d/rename_user.conf')).toBeUndefined()
})

test('units that are installed but that nothing starts are left alone', async () => {
  const tree = piRoot('bookworm')
  for (const unit of ['regenerate_ssh_host_keys', 'userconfig'])
    await tree.put(`${own}/multi-user.target.wants/${unit}.service`, undefined)
  await tree.put('/etc/xdg/autostart/piwiz.desktop', undefined)
  await tree.put('/etc/ssh/sshd_config.d/rename_user.conf', undefined)
  await leavesAlone(firstBoot, tree)
})
