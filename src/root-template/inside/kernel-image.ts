import { gzipsIn } from './gzip.ts'

/** What is read from a kernel image itself, not from its name. */
export interface KernelFacts {
  /** As `uname -r` prints it, which is the name below /lib/modules. */
  readonly version: string
  /** It takes an address and mounts its root over NFS by itself, without an initramfs. */
  readonly mountsNfs: boolean
}

/**
 * Reads a raw or gzip'd arm64 Image, or a zImage whose payload is gzip'd. Undefined where it is
 * none of them, or packed in another way.
 */
export function kernelFacts(image: Buffer): KernelFacts | undefined {
  const raw = factsIn(image)
  if (raw !== undefined) return raw
  for (const unpacked of gzipsIn(image)) {
    const facts = factsIn(unpacked)
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
