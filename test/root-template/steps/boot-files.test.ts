import { expect, test } from 'vitest'
import { bootFiles } from '../../../src/root-template/steps/boot-files.ts'
import { dir, file } from '../../support/fake-nas.ts'
import { fakeTree, link } from '../../support/fake-tree.ts'
import { kernel, piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, touchedBy, wishes } from './law.ts'

test.each(['buster', 'bullseye', 'bookworm', 'trixie'] as const)(
  'an image of %s has them',
  async (release) => {
    await leavesAlone(bootFiles, piRoot(release))
  },
)

test("Debian's own names of kernel and device tree are known", async () => {
  const boot = '/boot/firmware'
  await leavesAlone(
    bootFiles,
    fakeTree({
      [`${boot}/config.txt`]: '',
      [`${boot}/bootcode.bin`]: '',
      [`${boot}/start.elf`]: '',
      [`${boot}/fixup.dat`]: '',
      [`${boot}/vmlinuz-6.1.0-56-arm64`]: kernel('6.1.0-56-arm64'),
      [`${boot}/bcm2837-rpi-3-b.dtb`]: '',
    }),
  )
})

test.each([
  ['bootcode.bin', '/boot/bootcode.bin is missing'],
  ['start.elf', '/boot/start.elf is missing'],
  ['fixup.dat', '/boot/fixup.dat is missing'],
  ['config.txt', '/boot/config.txt is missing'],
  ['bcm2710-rpi-3-b.dtb', '/boot/bcm2710-rpi-3-b.dtb is missing'],
])('without %s it says so, and cannot mend it', async (name, problem) => {
  const tree = piRoot('buster')
  await tree.put(`/boot/${name}`, undefined)
  expect(await bootFiles.inspect(tree, wishes)).toEqual([problem])
  expect(await bootFiles.mend(tree, wishes)).toEqual([])
})

test('a kernel has to be among them', async () => {
  const tree = piRoot('bookworm')
  await tree.put('/boot/firmware/kernel8.img', undefined)
  expect(await bootFiles.inspect(tree, wishes)).toEqual(['/boot/firmware holds no kernel'])
})

test('an empty boot directory is told as such', async () => {
  expect(await bootFiles.inspect(fakeTree({ '/boot': dir() }), wishes)).toEqual([
    '/boot/firmware and /boot hold no Raspberry Pi boot files',
  ])
})

test('what only root may read is opened, and only that is touched', async () => {
  const bad = { '/boot/start.elf': file('start', 0o700), '/boot/overlays': dir(0o700) }
  const { problems } = await mends(bootFiles, piRoot('buster', bad))
  expect(problems).toEqual([
    '/boot/start.elf is not readable by everybody',
    '/boot/overlays is not readable by everybody',
  ])
  const tree = piRoot('buster', bad)
  expect(await touchedBy(bootFiles, tree)).toEqual(['/boot/overlays', '/boot/start.elf'])
  expect(await tree.read('/boot/start.elf')).toEqual(file('start', 0o744))
  expect(await tree.read('/boot/overlays')).toEqual(dir(0o755))
})

test('a link that stays among them is right', async () => {
  await leavesAlone(bootFiles, piRoot('buster', { '/boot/kernel8.img': link('kernel7.img') }))
})

test('what is deep among them is looked at too', async () => {
  const { problems } = await mends(
    bootFiles,
    piRoot('buster', { '/boot/overlays/vc4.dtbo': file('', 0o600) }),
  )
  expect(problems).toEqual(['/boot/overlays/vc4.dtbo is not readable by everybody'])
})

test.each(['/boot/x', '../x', 'overlays/../../x'])('a link to %s leads out', async (target) => {
  const tree = piRoot('buster', { '/boot/extra.dtb': link(target) })
  expect(await bootFiles.inspect(tree, wishes)).toEqual([
    '/boot/extra.dtb is a link out of the boot files',
  ])
})
