import { describe, expect, test } from 'vitest'
import { kernelModules } from '../../../src/root-template/steps/kernel-modules.ts'
import { file } from '../../support/fake-nas.ts'
import { kernel, piRoot } from '../../support/pi-roots.ts'
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
