import { expect, test } from 'vitest'
import { swap } from '../../../src/root-template/steps/swap.ts'
import { fakeTree, link } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends, touchedBy } from './law.ts'

test("buster: the init script's unit is masked, and the file goes", async () => {
  const tree = piRoot('buster')
  expect(await touchedBy(swap, tree)).toEqual([
    '/etc/systemd/system/dphys-swapfile.service',
    '/var/swap',
  ])
  expect(await tree.read('/etc/systemd/system/dphys-swapfile.service')).toEqual(link('/dev/null'))
  await mends(swap, piRoot('buster'))
})

test.each(['bullseye', 'bookworm'] as const)('%s: the service is masked', async (release) => {
  const { changes } = await mends(swap, piRoot(release))
  expect(changes).toEqual(['masked dphys-swapfile.service'])
})

test('trixie: rpi-swap is told to use none, beside its own file', async () => {
  const tree = piRoot('trixie')
  expect(await touchedBy(swap, tree)).toEqual([
    '/etc/rpi/swap.conf.d',
    '/etc/rpi/swap.conf.d/zz-pifarm.conf',
  ])
  expect(tree.textAt('/etc/rpi/swap.conf.d/zz-pifarm.conf')).toBe('[Main]\nMechanism=none\n')
  await mends(swap, piRoot('trixie'))
})

test.each([
  ['[Main]\nMechanism=zram\n', {}],
  [
    '[Main]\nMechanism=swapfile\n',
    { '/etc/rpi/swap.conf.d/50-me.conf': '[Main]\nMechanism=none\n' },
  ],
])('rpi-swap with %j keeps to memory', async (text, more) => {
  await leavesAlone(swap, piRoot('trixie', { '/etc/rpi/swap.conf': text, ...more }))
})

test('the last drop-in wins', async () => {
  await mends(
    swap,
    piRoot('trixie', {
      '/etc/rpi/swap.conf.d/50-me.conf': '[Main]\nMechanism=none\n',
      '/etc/rpi/swap.conf.d/60-me.conf': '[Main]\nMechanism=swapfile\n',
    }),
  )
})

test('no swap at all, or a service that nothing starts: left alone', async () => {
  await leavesAlone(swap, fakeTree({ '/var/log': link('/tmp') }))
  const idle = { '/lib/systemd/system/dphys-swapfile.service': '[Unit]\n' }
  await leavesAlone(swap, fakeTree(idle))
})
