import { findBoot } from '../inside/find-boot.ts'
import { lacksForNfs } from '../inside/initramfs-archive.ts'
import { type Kernel, kernelsIn } from '../inside/kernels.ts'
import { fileAt, linesAt, putText, textAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

/** `initramfs FILE followkernel`, or `auto_initramfs=1`. */
const asked = /^\s*(?:initramfs\s+(\S+)|auto_initramfs\s*=\s*1)/

export const initramfs: Step = {
  id: 'initramfs',
  title: 'Initramfs',
  why: "whether a Pi needs one depends on its kernel: Debian's cannot mount its NFS root without, while a Raspberry Pi kernel does so by itself, and an initramfs is then 10 MB more over TFTP, was built for the card's disk and knows NFS 2 and 3 only",
  cure: 'comments the lines out of config.txt where the kernels mount NFS themselves; by hand, where they do not: name one in config.txt, built with MODULES=most in /etc/initramfs-tools/initramfs.conf (`update-initramfs -u -k all`)',
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
  const lacking = lacksForNfs(Buffer.from(file.text, file.encoding)) ?? []
  return lacking.map((part) => `${path} lacks ${part}`)
}
