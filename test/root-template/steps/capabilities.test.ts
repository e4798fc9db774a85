import { expect, test } from 'vitest'
import { capabilities } from '../../../src/root-template/steps/capabilities.ts'
import { file, output } from '../../support/fake-nas.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, wishes } from './law.ts'

test.each(['buster', 'bullseye', 'bookworm'] as const)(
  '%s: everybody may ping',
  async (release) => {
    const tree = piRoot(release)
    await mends(capabilities, tree)
    expect(tree.textAt('/etc/sysctl.d/zz-pifarm-ping.conf')).toBe(
      'net.ipv4.ping_group_range = 0 2147483647\n',
    )
  },
)

test('trixie lets everybody ping by itself', async () => {
  await leavesAlone(capabilities, piRoot('trixie'))
})

test('a setuid ping, or none, is left alone', async () => {
  await leavesAlone(capabilities, fakeTree({ '/bin/ping': file('ping', 0o4755) }))
  await leavesAlone(capabilities, fakeTree())
})

test('a commented setting sets nothing', async () => {
  await mends(
    capabilities,
    piRoot('buster', { '/etc/sysctl.conf': '#net.ipv4.ping_group_range=0 1\n' }),
  )
})

test('what else is lost over NFS is listed by its path inside', async () => {
  const ask = (argv: readonly string[]) => {
    expect(argv).toEqual(['getcap', '-r', '/mnt/PiRoots/template'])
    return output(
      '/mnt/PiRoots/template/usr/bin/ping cap_net_raw=ep\n' +
        '/mnt/PiRoots/template/usr/bin/mtr-packet cap_net_raw=ep\n',
    )
  }
  expect(await capabilities.notes?.(fakeTree({}, { ask }), wishes)).toEqual([
    'over NFS, lost: /usr/bin/mtr-packet cap_net_raw=ep',
  ])
})

test('a file that sysctl does not read sets nothing', async () => {
  const text = 'net.ipv4.ping_group_range = 0 2147483647\n'
  await mends(capabilities, piRoot('buster', { '/etc/sysctl.d/README': text }))
})
