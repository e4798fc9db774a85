import { gunzipSync } from 'node:zlib'

/** What a kernel file says of itself. */
export interface KernelImage {
  /** e.g. `6.6.31-v8+`: the name of its directory below /lib/modules. Undefined: it cannot be read. */
  readonly version: string | undefined
  /** Why the file is not whole; undefined where nothing shows that. */
  readonly damage: string | undefined
}

const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08])
const zImageMagic = 0x016f_2818
/** A kernel of Raspberry Pi OS unpacks to some 30 MB. */
const mostUnpacked = 256 * 1024 * 1024

/** Looks into a kernel: kernel8.img is an arm64 image, mostly gzipped, the 32-bit ones are zImages. */
export function readKernelImage(bytes: Buffer): KernelImage {
  if (bytes.length === 0) return { version: undefined, damage: 'it is empty' }
  if (bytes.subarray(0, 3).equals(gzipMagic)) return readGzip(bytes)
  if (bytes.length > 0x30 && bytes.readUInt32LE(0x24) === zImageMagic) return readZImage(bytes)
  return { version: versionIn(bytes), damage: undefined }
}

function readGzip(bytes: Buffer): KernelImage {
  try {
    const unpacked = gunzipSync(bytes, { maxOutputLength: mostUnpacked })
    return { version: versionIn(unpacked), damage: undefined }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { version: undefined, damage: `it does not unpack (${why})` }
  }
}

function readZImage(bytes: Buffer): KernelImage {
  const length = bytes.readUInt32LE(0x2c) - bytes.readUInt32LE(0x28)
  if (bytes.length < length)
    return { version: undefined, damage: `it has ${bytes.length} of ${length} bytes` }
  const packed = bytes.indexOf(gzipMagic, 0x30)
  return packed === -1
    ? { version: versionIn(bytes), damage: undefined }
    : { version: readGzip(bytes.subarray(packed)).version, damage: undefined }
}

function versionIn(bytes: Buffer): string | undefined {
  const mark = 'Linux version '
  // The kernel has the words a second time, as a format with %s.
  for (let at = bytes.indexOf(mark); at !== -1; at = bytes.indexOf(mark, at + 1)) {
    const text = bytes.toString('latin1', at + mark.length, at + mark.length + 80)
    const version = /^(\d+\.\d+[A-Za-z0-9._+-]*) /.exec(text)?.[1]
    if (version !== undefined) return version
  }
  return undefined
}
