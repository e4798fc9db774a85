import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import type { Entry } from '../../../src/host/host.ts'
import type { BootReport } from '../../../src/netboot/boot-client/boot-report.ts'
import { checkMountsRoot } from '../../../src/netboot/simulate/mounts-root.ts'
import { kernel } from '../../support/pi-roots.ts'

function boot(mountsNfs: boolean, initramfs?: Buffer): BootReport {
  const image = kernel('6.1.0-56-arm64', 'gzip', mountsNfs) as Entry & { kind: 'file' }
  const loaded = new Map<string, Buffer>([['vmlinuz', Buffer.from(image.text, image.encoding)]])
  if (initramfs) loaded.set('initrd.img', initramfs)
  const named = initramfs === undefined ? undefined : 'initrd.img'
  return { kernel: 'vmlinuz', initramfs: named, loaded, missing: [] } as unknown as BootReport
}

function archive(...names: readonly string[]): Buffer {
  return gzipSync(names.map((name) => `070701 ${name}\0 what is in it`).join(''))
}
const names = ['scripts/nfs', 'usr/bin/nfsmount', 'usr/lib/modules/6.1/kernel/fs/nfs/nfs.ko']

test.each([
  ['a kernel that does it by itself', boot(true)],
  ['one that has an initramfs for it', boot(false, archive(...names))],
])('the root can be mounted by %s', (_, report) => {
  expect(checkMountsRoot(report)).toEqual({ faults: [], warnings: [], checked: [], skipped: [] })
})

test('a kernel that cannot mount NFS stops without an initramfs, as lint says of its template', () => {
  expect(checkMountsRoot(boot(false)).faults).toEqual([
    {
      stage: 'kernel',
      what: 'config.txt names no initramfs, and vmlinuz cannot mount NFS without one',
      cure: expect.stringContaining('initramfs'),
    },
  ])
})

test('and with an initramfs that cannot either', () => {
  const [fault] = checkMountsRoot(boot(false, archive(...names.slice(1)))).faults
  expect(fault?.what).toBe(
    'initrd.img lacks the script for NFS roots, and vmlinuz cannot mount NFS',
  )
})

test('an initramfs that is packed in another way is not judged, and that is said', () => {
  const { faults, skipped } = checkMountsRoot(boot(false, Buffer.from('zstd or xz')))
  expect(faults).toEqual([])
  expect(skipped).toEqual(['whether initrd.img mounts NFS: it is not packed as gzip'])
})
