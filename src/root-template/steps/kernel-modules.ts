import { kernelsIn } from '../inside/kernels.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

export const kernelModules: Step = {
  id: 'kernel-modules',
  title: 'Kernel and modules',
  why: 'the kernel comes over TFTP and its modules out of the root: of different versions, the Pi boots without sound, video codecs and half of its drivers',
  cure: 'by hand: install the kernel package again in a chroot of the template (`apt-get install --reinstall raspberrypi-kernel`, or linux-image-rpi-v8), which writes both, or copy /lib/modules/<version> from where the kernel came',
  async inspect(tree) {
    const modules = await modulesIn(tree)
    const problems: string[] = []
    for (const { path, facts } of await kernelsIn(tree))
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

async function modulesIn(tree: Tree): Promise<ReadonlySet<string>> {
  const found = (await tree.list('/lib/modules')) ?? (await tree.list('/usr/lib/modules'))
  return new Set(found?.keys() ?? [])
}
