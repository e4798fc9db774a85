import { describe, expect, test } from 'vitest'
import { initramfs } from '../../../src/root-template/steps/initramfs.ts'
import { output } from '../../support/fake-nas.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { kernel, piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, wishes } from './law.ts'

describe('kernels that mount NFS themselves', () => {
  test('need no initramfs: the line is commented out, the rest stays to the byte', async () => {
    const config =
      '# mine\ndtparam=audio=on\n  auto_initramfs=1\n[pi4]\ninitramfs initramfs8 followkernel\nlast=1'
    const tree = piRoot('bookworm', { '/boot/firmware/config.txt': config })
    await mends(initramfs, tree)
    expect(tree.textAt('/boot/firmware/config.txt')).toBe(
      '# mine\ndtparam=audio=on\n#  auto_initramfs=1\n[pi4]\n#initramfs initramfs8 followkernel\nlast=1',
    )
  })

  test.each(['buster', 'bullseye'] as const)('%s asks for none', async (release) => {
    await leavesAlone(initramfs, piRoot(release))
  })

  test('off in config.txt is off', async () => {
    const config = 'auto_initramfs=0\n#initramfs initramfs8\ninitramfs_x=1\n'
    await leavesAlone(initramfs, piRoot('bookworm', { '/boot/firmware/config.txt': config }))
  })
})

describe('a Debian kernel', () => {
  const whole =
    'scripts/nfs\nusr/bin/nfsmount\nusr/lib/modules/6.1.0-56-arm64/kernel/fs/nfs/nfs.ko\n'

  function debian(config: string, listing: string | undefined) {
    return fakeTree(
      {
        '/boot/firmware/config.txt': config,
        '/boot/firmware/vmlinuz-6.1.0-56-arm64': kernel('6.1.0-56-arm64', 'raw', false),
        '/boot/firmware/initrd.img-6.1.0-56-arm64': 'cpio',
      },
      { run: () => (listing === undefined ? output('', 1, 'no cpio') : output(listing)) },
    )
  }
  const named = 'kernel=vmlinuz-6.1.0-56-arm64\ninitramfs initrd.img-6.1.0-56-arm64\n'

  test('with an initramfs that knows NFS is right', async () => {
    await leavesAlone(initramfs, debian(named, whole))
  })

  test.each([
    ['kernel=vmlinuz-6.1.0-56-arm64\n', whole, /names no initramfs/],
    ['initramfs initrd.img-6.1\n', whole, /initrd\.img-6\.1 is missing/],
    [named, whole.replace('scripts/nfs\n', ''), /lacks the script for NFS roots/],
    [named, whole.replace('usr/bin/nfsmount\n', ''), /lacks nfsmount/],
    [named, 'scripts/nfs\nusr/bin/nfsmount\n', /lacks the module nfs/],
    [named, undefined, /cannot be looked into/],
  ])('config %j is found wanting', async (config, listing, problem) => {
    const tree = debian(config, listing)
    expect((await initramfs.inspect(tree, wishes)).join()).toMatch(problem)
    expect(await initramfs.mend(tree, wishes)).toEqual([])
  })
})
