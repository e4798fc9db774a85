import { deflateRawSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { kernelFacts } from '../../../src/root-template/inside/kernel-image.ts'

const banner = 'Linux version 6.6.31+rpt-rpi-v8 (serge@raspberrypi.com) (gcc) #1 SMP PREEMPT\n\0'
const nfs = 'Root-NFS: nfsroot=\0IP-Config: Got DHCP answer\0'
const facts = { version: '6.6.31+rpt-rpi-v8', mountsNfs: true }

function named(content: string): Buffer {
  const header = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 2, 3])
  return Buffer.concat([header, Buffer.from('Image\0'), deflateRawSync(content), Buffer.alloc(8)])
}

describe('the version of a kernel is read from what is in it', () => {
  test.each([
    ['raw', Buffer.from(`MZ${nfs}${banner}`)],
    ['behind the format of another message', Buffer.from(`Linux version %s\0${nfs}${banner}`)],
    ['gzip', gzipSync(`${nfs}${banner}`)],
    ['gzip with the name of the file', named(`${nfs}${banner}`)],
    [
      'in a zImage, with code before and behind',
      Buffer.concat([
        Buffer.from('code\x1f\x8b\x08\0not one', 'latin1'),
        gzipSync(`${nfs}${banner}`),
        Buffer.from('more code'),
      ]),
    ],
  ])('%s', (_, image) => {
    expect(kernelFacts(image)).toEqual(facts)
  })
})

test.each([
  ['neither', banner],
  ['NFS alone', `Root-NFS: x\0${banner}`],
  ['an address alone', `IP-Config: x\0${banner}`],
])('with %s built in it needs an initramfs', (_, image) => {
  expect(kernelFacts(Buffer.from(image))).toEqual({ ...facts, mountsNfs: false })
})

test.each([
  ['nothing', ''],
  ['no banner', 'Linux version %s'],
  ['a broken gzip', '\x1f\x8b\x08\0broken'],
  ['an empty name', '\x1f\x8b\x08\x08'],
])('%s tells nothing', (_, image) => {
  expect(kernelFacts(Buffer.from(image, 'latin1'))).toBeUndefined()
})
