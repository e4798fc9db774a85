import { installedPackages, installPackages } from '../inside/packages.ts'
import type { Step, TemplateWishes } from '../step.ts'
import type { Tree } from '../tree.ts'

/** What the muxer agent is built for. */
const oldestNode = 18
const always = ['openssh-server', 'nodejs', 'ffmpeg', 'nfs-common']

export const packages: Step = {
  id: 'packages',
  title: 'Packages',
  why: 'the muxer agent runs on nodejs and calls ffmpeg, the media share is mounted with nfs-common, and ssh is the only way into a Pi without a screen',
  cure: 'installs what is missing with apt-get in a chroot of the template',
  async inspect(tree, wishes) {
    return (await missing(tree, wishes)).map((name) => `the package ${name} is not installed`)
  },
  async mend(tree, wishes, report) {
    const names = await missing(tree, wishes)
    if (names.length === 0) return []
    await installPackages(tree, names, report)
    return [`installed ${names.join(', ')}`]
  },
  async notes(tree) {
    const version = (await installedPackages(tree)).get('nodejs')
    return version !== undefined && Number.parseInt(version, 10) < oldestNode
      ? [`nodejs is ${version}: the muxer agent needs ${oldestNode} or later, as Debian 12 has it`]
      : []
  },
}

async function missing(tree: Tree, wishes: TemplateWishes): Promise<readonly string[]> {
  const installed = await installedPackages(tree)
  return [...new Set([...always, ...wishes.packages])].filter((name) => !installed.has(name))
}
