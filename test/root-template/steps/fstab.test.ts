import { expect, test } from 'vitest'
import { fstab } from '../../../src/root-template/steps/fstab.ts'
import { file } from '../../support/fake-nas.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

test.each(['buster', 'bullseye', 'bookworm', 'trixie'] as const)(
  '%s: only proc and the comments are left',
  async (release) => {
    const tree = piRoot(release)
    const { changes } = await mends(fstab, tree)
    expect(changes).toHaveLength(2)
    expect(tree.textAt('/etc/fstab')).toBe(
      'proc            /proc           proc    defaults          0       0\n' +
        '# a swapfile is not a swap partition, no line here\n' +
        '#   use  dphys-swapfile swap[on|off]  for that\n',
    )
  },
)

test.each([
  '/dev/mmcblk0p1 /boot vfat defaults 0 2',
  'UUID=1 / ext4 defaults 0 1',
  'LABEL=writable / ext4 defaults 0 1',
  '/var/swap none swap sw 0 0',
  'overlay / overlay ro 0 0',
])('%s is taken out', async (line) => {
  const tree = fakeTree({ '/etc/fstab': `proc /proc proc defaults 0 0\n${line}\n# kept` })
  await mends(fstab, tree)
  expect(tree.textAt('/etc/fstab')).toBe('proc /proc proc defaults 0 0\n# kept')
})

test('owner, mode and bytes of another encoding stay', async () => {
  const before = {
    ...(file('# Kr\xe4he\nUUID=1 / ext4 defaults 0 1\n', 0o600) as object),
    encoding: 'latin1',
    gid: 4,
  } as ReturnType<typeof file>
  const tree = fakeTree({ '/etc/fstab': before })
  await mends(fstab, tree)
  expect(await tree.read('/etc/fstab')).toEqual({ ...before, text: '# Kr\xe4he\n' })
})

test.each([
  '',
  'proc /proc proc defaults 0 0',
  '10.77.0.1:/v /home/pi/remote nfs noauto 0 0\n#/dev/sda1 / ext4',
])('%j is left to the byte', async (text) => {
  await leavesAlone(fstab, fakeTree({ '/etc/fstab': text }))
})
