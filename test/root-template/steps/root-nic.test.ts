import { expect, test } from 'vitest'
import { rootNic } from '../../../src/root-template/steps/root-nic.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

test.each(['bookworm', 'trixie'] as const)(
  '%s: NetworkManager leaves it alone',
  async (release) => {
    const tree = piRoot(release)
    await mends(rootNic, tree)
    expect(tree.textAt('/etc/NetworkManager/conf.d/zz-pifarm-root-nic.conf')).toBe(
      '[keyfile]\nunmanaged-devices=interface-name:eth0;interface-name:en*\n',
    )
  },
)

test.each(['buster', 'bullseye'] as const)(
  '%s: dhcpcd denies it, all else stays',
  async (release) => {
    const tree = piRoot(release)
    const before = tree.textAt('/etc/dhcpcd.conf')
    await mends(rootNic, tree)
    expect(tree.textAt('/etc/dhcpcd.conf')).toBe(`denyinterfaces eth0 en*\n${before}`)
  },
)

test('a line of dhcpcd inside the block of another interface denies nothing', async () => {
  await mends(rootNic, fakeTree({ '/etc/dhcpcd.conf': 'interface wlan0\ndenyinterfaces eth0\n' }))
})

test.each(['denyinterfaces wlan0 eth0\n', 'nolink\n'])('dhcpcd with %j is right', async (text) => {
  await leavesAlone(rootNic, fakeTree({ '/etc/dhcpcd.conf': text }))
})

test('networkd keeps it, and nothing waits for it', async () => {
  const wait = 'systemd-networkd-wait-online.service'
  const tree = fakeTree({
    '/etc/systemd/system/multi-user.target.wants/systemd-networkd.service': '[Unit]\n',
    [`/usr/lib/systemd/system/${wait}`]: '[Unit]\n',
    [`/etc/systemd/system/network-online.target.wants/${wait}`]: '[Unit]\n',
  })
  const { changes } = await mends(rootNic, tree)
  expect(changes).toContain(`masked ${wait}`)
  expect(tree.textAt('/etc/systemd/network/05-pifarm-root-nic.network')).toMatch(
    /Name=eth0 en\*[\s\S]*Unmanaged=yes[\s\S]*KeepConfiguration=yes/,
  )
})

test('ifupdown starts, and so stops, all but the wired interface', async () => {
  const tree = fakeTree({
    '/etc/network/interfaces':
      'auto lo eth0\niface lo inet loopback\n  allow-hotplug eth0\niface eth0 inet dhcp\nauto wlan0',
    '/etc/network/interfaces.d/enx': 'auto enxb827eb33347a\n',
  })
  await mends(rootNic, tree)
  expect(tree.textAt('/etc/network/interfaces')).toBe(
    'auto lo\niface lo inet loopback\n#  allow-hotplug eth0\niface eth0 inet dhcp\nauto wlan0',
  )
  expect(tree.textAt('/etc/network/interfaces.d/enx')).toBe('#auto enxb827eb33347a\n')
})

test('nothing installed, nothing to do', async () => {
  await leavesAlone(
    rootNic,
    fakeTree({ '/etc/network/interfaces': 'auto  lo\niface lo inet loopback\n' }),
  )
  const shipped = '/lib/systemd/system/systemd-networkd.service'
  await leavesAlone(rootNic, fakeTree({ [shipped]: '[Unit]\n' }))
})
