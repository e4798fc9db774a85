import { expect, test } from 'vitest'
import type { Entry } from '../../../src/host/host.ts'
import { insideRoot } from '../../../src/netboot/simulate/inside-root.ts'
import { dir, fakeNas, file } from '../../support/fake-nas.ts'

function link(target: string): Entry {
  return { kind: 'link', target }
}

const nas = fakeNas({
  '/root/usr/lib/systemd/systemd': file('init', 0o755),
  '/root/sbin': link('usr/sbin'),
  '/root/usr/sbin/init': link('/lib/systemd/systemd'),
  '/root/lib': link('usr/lib'),
  '/root/out': link('../../etc/shadow'),
  '/root/round': link('round'),
  '/root/empty': dir(),
  '/etc/shadow': 'of the NAS',
})

test.each([
  ['/sbin/init', 'file'],
  ['/empty', 'dir'],
  ['/sbin/nothing', undefined],
  ['/out', undefined],
  ['/round', undefined],
  ['/usr/lib/systemd/systemd/further', undefined],
])('%s', async (path, kind) => {
  expect((await insideRoot((at) => nas.read(`/root${at}`), path))?.kind).toBe(kind)
})
