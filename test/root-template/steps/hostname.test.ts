import { expect, test } from 'vitest'
import { hostname } from '../../../src/root-template/steps/hostname.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

test("the image's name is replaced, in hosts only behind its own address", async () => {
  const tree = piRoot('bookworm')
  const before = tree.textAt('/etc/hosts')
  await mends(hostname, tree)
  expect(tree.textAt('/etc/hostname')).toBe('template\n')
  expect(tree.textAt('/etc/hosts')).toBe(before?.replace('raspberrypi', 'template'))
})

test('a bootstrapped tree has none yet', async () => {
  await mends(hostname, fakeTree({ '/etc/hosts': '127.0.0.1 localhost\n' }))
})

test('the right name is left alone, aliases too', async () => {
  const hosts = '127.0.0.1 localhost\n127.0.1.1  template  alias\n10.0.0.2 raspberrypi\n'
  await leavesAlone(hostname, fakeTree({ '/etc/hostname': 'template', '/etc/hosts': hosts }))
})
