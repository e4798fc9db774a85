import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { kernelBits } from '../../../src/root-template/inside/kernel-bits.ts'

const image = Buffer.alloc(200_000, 7)
image.write('MZ', 'latin1')
image.write('ARM\x64', 0x38, 'latin1')
const zImage = Buffer.alloc(100)
zImage.writeUInt32LE(0x016f_2818, 0x24)

test.each([
  ['the Image of arm64', image, 64],
  ['the same, packed', gzipSync(image), 64],
  ['a zImage', zImage, 32],
  ['something else, packed', gzipSync(zImage), undefined],
  ['a broken gzip', Buffer.concat([gzipSync(image).subarray(0, 12), image]), undefined],
  ['text', Buffer.alloc(100, 'a'), undefined],
  ['nothing', Buffer.alloc(0), undefined],
])('%s', (_, bytes, bits) => {
  expect(kernelBits(bytes)).toBe(bits)
})
