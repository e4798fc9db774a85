import { findBoot } from '../inside/find-boot.ts'
import { gzipsIn } from '../inside/gzip.ts'
import { type Kernel, kernelsIn } from '../inside/kernels.ts'
import { fileAt, linesAt, putText, textAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

/** `initramfs FILE followkernel`, or `auto_initramfs=1`. */
const asked = /^\s*(?:initramfs\s+(\S+)|auto_initramfs\s*=\s*1)/

const cpioMagic = '070701'
/** By their names in the archive; a zero byte ends each. */
const parts = {
  nfsmount: 'bin/nfsmount\0',
  'the script for NFS roots': 'scripts/nfs\0',
  'the module nfs': '/fs/nfs/nfs.ko',
} as const

export const initramfs: Step = {
  id: 'initramfs',
  title: 'Initramfs',
  why: "a Raspberry Pi kernel mounts its NFS root by itself, while an initramfs is 10 MB more over TFTP, was built for the card's disk and knows NFS 2 and 3 only; a Debian kernel cannot do without one",
  cure: 'comments the lines out of config.txt where the kernels mount NFS themselves; else rebuild it with MODULES=most in /etc/initramfs-tools/initramfs.conf (`update-initramfs -u -k all`)',
  async inspect(tree) {
    const found = await findBoot(tree, '')
    if (found === undefined) return []
    const config = `${found.boot}/config.txt`
    const lines = (await linesAt(tree, config)).filter((line) => asked.test(line))
    const kernels = await kernelsIn(tree)
    if (isNeedless(kernels)) return lines.map((line) => `${config} asks for an initramfs: ${line}`)
    if (!kernels.some(({ facts }) => facts?.mountsNfs === false)) return []
    if (lines.length === 0)
      return [`${config} names no initramfs, and the kernel cannot mount NFS without one`]
    const problems: string[] = []
    for (const line of lines) {
      const name = asked.exec(line)?.[1]
      if (name !== undefined) problems.push(...(await judge(tree, `${found.boot}/${name}`)))
    }
    return problems
  },
  async mend(tree) {
    const found = await findBoot(tree, '')
    const config = `${found?.boot}/config.txt`
    const text = await textAt(tree, config)
    if (text === undefined || !isNeedless(await kernelsIn(tree))) return []
    const without = text.replace(new RegExp(asked, 'gm'), (line) => `#${line}`)
    if (without === text) return []
    await putText(tree, config, without)
    return [`${config} asks for no initramfs`]
  },
}

/** Of all kernels, for config.txt does not say which one a Pi will pick. */
function isNeedless(kernels: readonly Kernel[]): boolean {
  return kernels.length > 0 && kernels.every(({ facts }) => facts?.mountsNfs === true)
}

async function judge(tree: Tree, path: string): Promise<readonly string[]> {
  const file = await fileAt(tree, path)
  if (file === undefined) return [`${path} is missing`]
  const packed = Buffer.from(file.text, file.encoding)
  const archive = [...gzipsIn(packed)].find((unpacked) => unpacked.includes(cpioMagic))
  if (archive === undefined) return []
  return Object.entries(parts)
    .filter(([, name]) => !archive.includes(name))
    .map(([part]) => `${path} lacks ${part}`)
}
