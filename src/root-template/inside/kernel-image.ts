import { inflateRawSync } from 'node:zlib'

/** What is read from a kernel image itself, not from its name. */
export interface KernelFacts {
  /** As `uname -r` prints it, which is the name below /lib/modules. */
  readonly version: string
  /** It takes an address and mounts its root over NFS by itself, without an initramfs. */
  readonly mountsNfs: boolean
}

const gzipMagic = Buffer.from([0x1f, 0x8b, 0x08])
// A Pi's kernel is some 30 MiB unpacked: what grows beyond this is no kernel.
const largest = 256 * 1024 * 1024

/**
 * Reads a raw or gzip'd arm64 Image, or a zImage whose payload is gzip'd. Undefined where it is
 * none of them, or packed in another way.
 */
export function kernelFacts(image: Buffer): KernelFacts | undefined {
  const raw = factsIn(image)
  if (raw !== undefined) return raw
  for (let at = image.indexOf(gzipMagic); at >= 0; at = image.indexOf(gzipMagic, at + 1)) {
    const unpacked = unpack(image.subarray(at))
    const facts = unpacked && factsIn(unpacked)
    if (facts !== undefined) return facts
  }
  return undefined
}

function factsIn(image: Buffer): KernelFacts | undefined {
  for (let at = image.indexOf('Linux version '); at >= 0; ) {
    // The banner, and not the `Linux version %s` of some other message.
    const banner = image.toString('latin1', at, at + 200)
    const version = /^Linux version (\d\S+) \(/.exec(banner)?.[1]
    if (version !== undefined)
      return { version, mountsNfs: image.includes('Root-NFS') && image.includes('IP-Config') }
    at = image.indexOf('Linux version ', at + 1)
  }
  return undefined
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
