import type { Tree } from '../tree.ts'
import { findBoot } from './find-boot.ts'
import { type KernelBits, kernelBits } from './kernel-bits.ts'
import { type KernelFacts, kernelFacts } from './kernel-image.ts'
import { fileAt } from './texts.ts'

export interface Kernel {
  readonly path: string
  /** Undefined: it is packed in a way that only the Pi unpacks. */
  readonly facts: KernelFacts | undefined
  readonly bits: KernelBits | undefined
}

/** The kernels among the boot files: kernel8.img, kernel7.img, vmlinuz-6.1.0-56-arm64 ... */
export async function kernelsIn(tree: Tree): Promise<readonly Kernel[]> {
  const found = await findBoot(tree, '')
  if (found === undefined) return []
  const kernels: Kernel[] = []
  for (const name of [...found.bootEntries.keys()].sort()) {
    if (!/^(?:kernel.*\.img|vmlinuz.*)$/.test(name)) continue
    const path = `${found.boot}/${name}`
    const file = await fileAt(tree, path)
    if (file === undefined) continue
    const image = Buffer.from(file.text, file.encoding)
    kernels.push({ path, facts: kernelFacts(image), bits: kernelBits(image) })
  }
  return kernels
}
