import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readKernelImage } from '../../../src/netboot/boot-client/kernel-image.ts'

const kernel = Buffer.concat([
  Buffer.alloc(4000, 7),
  Buffer.from('Linux version %s (%s)\0Linux version 6.6.31-v8+ (dom@buildbot) (gcc)\0'),
  Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 7919) & 0xff)),
])
const packed = gzipSync(kernel)

/** A zImage as the 32-bit kernels are: a header that says where it ends, and the kernel gzipped. */
function zImage(): Buffer {
  const head = Buffer.alloc(0x40)
  head.writeUInt32LE(0x016f2818, 0x24)
  head.writeUInt32LE(0, 0x28)
  head.writeUInt32LE(head.length + packed.length + 16, 0x2c)
  return Buffer.concat([head, packed, Buffer.alloc(16)])
}

test.each([
  ['plain', kernel, '6.6.31-v8+'],
  ['gzipped', packed, '6.6.31-v8+'],
  ['a zImage', zImage(), '6.6.31-v8+'],
  ['nothing of a kernel', Buffer.from('hello'), undefined],
])('the version in %s', (_, bytes, version) => {
  expect(readKernelImage(bytes)).toEqual({ version, damage: undefined })
})

test.each([
  ['gzipped', packed.subarray(0, packed.length - 100), /does not unpack/],
  ['all of it', Buffer.alloc(0), /it is empty/],
  ['a zImage', zImage().subarray(0, 200), /it has 200 of \d+ bytes/],
])('a kernel that was cut off: %s', (_, bytes, damage) => {
  expect(readKernelImage(bytes).damage).toMatch(damage)
})
