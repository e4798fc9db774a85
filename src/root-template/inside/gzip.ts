import { inflateRawSync } from 'node:zlib'

const magic = Buffer.from([0x1f, 0x8b, 0x08])
// A Pi's kernel is some 30 MiB unpacked, an initramfs 100: what grows beyond this is neither.
const largest = 512 * 1024 * 1024

/** Unpacks what is gzip'd inside something, one after the other, wherever it begins. */
export function* gzipsIn(image: Buffer): Generator<Buffer> {
  for (let at = image.indexOf(magic); at >= 0; at = image.indexOf(magic, at + 1)) {
    const unpacked = unpack(image.subarray(at))
    if (unpacked !== undefined) yield unpacked
  }
}

function unpack(gzip: Buffer): Buffer | undefined {
  const flags = gzip[3]
  // None, as the kernel's makefiles leave it, or the file's name up to a zero byte.
  if (flags !== 0 && flags !== 8) return undefined
  const start = flags === 0 ? 10 : gzip.indexOf(0, 10) + 1
  try {
    // Raw, for behind the payload of a zImage comes more code, which gunzip would refuse.
    return inflateRawSync(gzip.subarray(start), { maxOutputLength: largest })
  } catch {
    return undefined
  }
}
