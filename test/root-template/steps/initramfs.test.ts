import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { initramfs } from '../../../src/root-template/steps/initramfs.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { bytes, kernel, piRoot } from '../../support/pi-roots.ts'
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
  const names = ['scripts/nfs', 'usr/bin/nfsmount', 'usr/lib/modules/6.1/kernel/fs/nfs/nfs.ko']
  const named = 'kernel=vmlinuz-6.1.0-56-arm64\ninitramfs initrd.img followkernel\n'

  function debian(config: string, inside: readonly string[]) {
    const archive = inside.map((name) => `070701 ${name}\0 what is in it`).join('')
    return fakeTree({
      '/boot/firmware/config.txt': config,
      '/boot/firmware/vmlinuz-6.1.0-56-arm64': kernel('6.1.0-56-arm64', 'raw', false),
      '/boot/firmware/initrd.img': bytes(gzipSync(archive)),
    })
  }

  test('with an initramfs that knows NFS is right', async () => {
    await leavesAlone(initramfs, debian(named, names))
  })

  test.each([
    ['kernel=vmlinuz-6.1.0-56-arm64\n', names, /names no initramfs/],
    ['initramfs initrd.img-6.1\n', names, /initrd\.img-6\.1 is missing/],
    [named, names.slice(1), /lacks the script for NFS roots/],
    [named, names.filter((name) => !name.includes('nfsmount')), /lacks nfsmount/],
    [named, names.slice(0, 2), /lacks the module nfs/],
  ])(
    'config %j with %j is found wanting, and left to a person',
    async (config, inside, problem) => {
      const tree = debian(config, inside)
      const before = tree.snapshot()
      expect((await initramfs.inspect(tree, wishes)).join()).toMatch(problem)
      expect(await initramfs.mend(tree, wishes)).toEqual([])
      expect(tree.snapshot()).toEqual(before)
    },
  )
})
