import { posix } from 'node:path'
import { architectureOf } from '../architecture.ts'
import { type Kernel, kernelsIn } from '../inside/kernels.ts'
import { linesAt } from '../inside/texts.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

export const kernelModules: Step = {
  id: 'kernel-modules',
  title: 'Kernel and modules',
  why: 'the kernel comes over TFTP and its modules out of the root: of different versions, the Pi boots without sound, video codecs and half of its drivers; and a kernel of 32 bits runs no program of arm64, so that the Pi stops at its init',
  cure: 'by hand: install the kernel package again in a chroot of the template (`apt-get install --reinstall raspberrypi-kernel`, or linux-image-rpi-v8), which writes both, or copy /lib/modules/<version> from where the kernel came; for programs of arm64 arm_64bit=1 in config.txt chooses kernel8.img',
  async inspect(tree) {
    const modules = await modulesIn(tree)
    const kernels = await kernelsIn(tree)
    const problems =
      (await architectureOf(tree)) === 'arm64' ? await ofTooFewBits(tree, kernels) : []
    for (const { path, facts } of kernels)
      if (facts !== undefined && !modules.has(facts.version))
        problems.push(`${path} is Linux ${facts.version}, and /lib/modules has no ${facts.version}`)
    return problems
  },
  async mend() {
    return []
  },
  async notes(tree) {
    return (await kernelsIn(tree))
      .filter(({ facts }) => facts === undefined)
      .map(({ path }) => `${path} is packed in a way that hides its version`)
  },
}

/** What a Pi 3 takes before kernel8.img unless config.txt says otherwise; later Pis take that first. */
const beforeKernel8 = ['kernel8-32.img', 'kernel7.img', 'kernel.img']
const chooses = /^\s*(?:arm_64bit\s*=\s*1|kernel\s*=)/

/** The other way round is fine: a kernel of 64 bits runs programs of armhf. */
async function ofTooFewBits(tree: Tree, kernels: readonly Kernel[]): Promise<string[]> {
  const small = kernels.filter(({ bits }) => bits === 32)
  if (small.length === kernels.length)
    return small.map(
      ({ path }) =>
        `${path} is a kernel of 32 bits, and no Pi runs the arm64 programs of this root by it`,
    )
  const taken = small.find(({ path }) => beforeKernel8.includes(posix.basename(path)))
  if (taken === undefined) return []
  const config = `${posix.dirname(taken.path)}/config.txt`
  if ((await linesAt(tree, config)).some((line) => chooses.test(line))) return []
  return [
    `${config} has no arm_64bit=1: a Pi 3 takes ${posix.basename(taken.path)}, of 32 bits, by which it cannot run the arm64 programs of this root`,
  ]
}

async function modulesIn(tree: Tree): Promise<ReadonlySet<string>> {
  const found = (await tree.list('/lib/modules')) ?? (await tree.list('/usr/lib/modules'))
  return new Set(found?.keys() ?? [])
}
