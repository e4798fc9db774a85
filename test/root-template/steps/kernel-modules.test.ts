import { describe, expect, test } from 'vitest'
import { kernelModules } from '../../../src/root-template/steps/kernel-modules.ts'
import { file } from '../../support/fake-nas.ts'
import { elf, kernel, kernelOf, piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, wishes } from './law.ts'

test.each(['buster', 'bullseye', 'bookworm', 'trixie'] as const)(
  '%s: each kernel has its modules',
  async (release) => {
    await leavesAlone(kernelModules, piRoot(release))
  },
)

describe.each(['raw', 'gzip', 'zImage'] as const)('a %s kernel', (form) => {
  test('of another version is found by what is in it, not by its name', async () => {
    const tree = piRoot('bookworm', { '/boot/firmware/kernel8.img': kernel('6.1.21-v8+', form) })
    expect(await kernelModules.inspect(tree, wishes)).toEqual([
      '/boot/firmware/kernel8.img is Linux 6.1.21-v8+, and /lib/modules has no 6.1.21-v8+',
    ])
    expect(await kernelModules.mend(tree, wishes)).toEqual([])
  })
})

test('a kernel that hides its version is a note, not a finding', async () => {
  const tree = piRoot('bookworm', { '/boot/firmware/kernel7.img': file('xz in a wrapper') })
  await leavesAlone(kernelModules, tree)
  expect(await kernelModules.notes?.(tree, wishes)).toEqual([
    '/boot/firmware/kernel7.img is packed in a way that hides its version',
  ])
})

describe('beside programs for arm64', () => {
  const root = (config: string, kernels: Readonly<Record<string, 32 | 64>>, machine = 183) =>
    piRoot('bookworm', {
      '/usr/bin/dpkg': elf(machine),
      '/boot/firmware/config.txt': config,
      '/boot/firmware/kernel8.img': file(''),
      ...Object.fromEntries(
        Object.entries(kernels).map(([name, bits]) => [
          `/boot/firmware/${name}`,
          kernelOf(bits, '6.6.31+rpt-rpi-v8'),
        ]),
      ),
    })
  const only32 = async (config: string, machine = 183) => {
    const tree = root(config, { 'kernel7.img': 32 }, machine)
    await tree.put('/boot/firmware/kernel8.img', undefined)
    return await kernelModules.inspect(tree, wishes)
  }

  test('a kernel of 32 bits alone is a finding, whatever config.txt says', async () => {
    const problem =
      '/boot/firmware/kernel7.img is a kernel of 32 bits, and no Pi runs the arm64 programs of this root by it'
    expect(await only32('arm_64bit=1\n')).toEqual([problem])
    expect(await only32('')).toEqual([problem])
    expect(await only32('', 40)).toEqual([])
  })

  test('a name is not believed', async () => {
    expect(await kernelModules.inspect(root('', { 'kernel8.img': 32 }), wishes)).toEqual([
      expect.stringMatching(/kernel8.img is a kernel of 32 bits/),
    ])
    await leavesAlone(kernelModules, root('', { 'kernel8.img': 64 }))
  })

  test('beside one of 64 bits config.txt has to choose that for a Pi 3', async () => {
    const both = { 'kernel7.img': 32, 'kernel8.img': 64 } as const
    expect(await kernelModules.inspect(root('[all]\n', both), wishes)).toEqual([
      '/boot/firmware/config.txt has no arm_64bit=1: a Pi 3 takes kernel7.img, of 32 bits, by which it cannot run the arm64 programs of this root',
    ])
    await leavesAlone(kernelModules, root('[pi3]\n arm_64bit=1\n', both))
    await leavesAlone(kernelModules, root('kernel=kernel8.img\n', both))
    // Only of a Pi 4, which starts with 64 bits by itself.
    await leavesAlone(kernelModules, root('', { 'kernel7l.img': 32, 'kernel8.img': 64 }))
    await leavesAlone(kernelModules, root('', both, 40))
  })
})
