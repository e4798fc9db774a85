import { constants, gunzipSync } from 'node:zlib'

const zImageMagic = 0x016f_2818
const gzipMagic = 0x8b1f
/** Enough of a packed kernel to see the header of what is in it. */
const beginning = 64 * 1024

/** What a kernel runs: one of 32 bits no program of arm64. One of 64 runs both. */
export type KernelBits = 32 | 64

/** By its header, not its name: the raw or gzip'd Image of arm64, or a zImage. Undefined: it is none of them. */
export function kernelBits(image: Buffer): KernelBits | undefined {
  if (image.length < 64) return undefined
  if (image.readUInt16LE(0) === gzipMagic) return unpackedBits(image)
  if (image.toString('latin1', 0x38, 0x3c) === 'ARM\x64') return 64
  return image.readUInt32LE(0x24) === zImageMagic ? 32 : undefined
}

function unpackedBits(image: Buffer): KernelBits | undefined {
  const finishFlush = constants.Z_SYNC_FLUSH
  try {
    const unpacked = gunzipSync(image.subarray(0, beginning), { finishFlush })
    // A gzip in a gzip is no kernel.
    return unpacked.toString('latin1', 0x38, 0x3c) === 'ARM\x64' ? 64 : undefined
  } catch {
    return undefined
  }
}
