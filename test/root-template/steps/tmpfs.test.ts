import { expect, test } from 'vitest'
import { tmpfs } from '../../../src/root-template/steps/tmpfs.ts'
import { fakeTree } from '../../support/fake-tree.ts'
import { piRoot } from '../../support/pi-roots.ts'
import { leavesAlone, mends } from './law.ts'

test('both are added below what is there', async () => {
  const tree = fakeTree({ '/etc/fstab': 'proc /proc proc defaults 0 0' })
  await mends(tmpfs, tree)
  const lines = tree.textAt('/etc/fstab')?.split('\n') ?? []
  expect(lines[0]).toBe('proc /proc proc defaults 0 0')
  expect(lines.slice(1).map((line) => line.split(' ').slice(0, 2))).toEqual([
    ['tmpfs', '/tmp'],
    ['tmpfs', '/var/log'],
    [''],
  ])
})

test('Debian 13 makes /tmp one by itself', async () => {
  const tree = piRoot('trixie')
  const { problems } = await mends(tmpfs, tree)
  expect(problems).toEqual(['/var/log is written over NFS'])
})

test('a commented line mounts nothing', async () => {
  const tree = fakeTree({ '/etc/fstab': '#tmpfs /tmp tmpfs defaults 0 0\n' })
  const { problems } = await mends(tmpfs, tree)
  expect(problems).toContain('/tmp is written over NFS')
})

test("a person's own sizes are left alone", async () => {
  const text = 'tmpfs\t/tmp  tmpfs size=300m 0 0\ntmpfs /var/log tmpfs size=9m 0 0\n'
  await leavesAlone(tmpfs, fakeTree({ '/etc/fstab': text }))
})
