import { quoted, UserError } from '../errors.ts'
import { type Farm, templateRoot } from '../farm/farm.ts'
import type { Entry, Reader } from '../host/host.ts'
import { findBoot } from '../root-template/inside/find-boot.ts'

/** A root filesystem that roots are cloned from. */
export interface Template {
  readonly root: string
  /** `boot/firmware` (Debian 12 and later) or `boot`: where the firmware and the kernels are. */
  readonly boot: string
  /** What is in there. */
  readonly bootEntries: ReadonlyMap<string, Entry['kind']>
}

/** Finds a template and sees that it can be one. Throws what the user can do where it cannot. */
export async function findTemplate(farm: Farm, nas: Reader, name: string): Promise<Template> {
  const root = templateRoot(farm, name)
  // A copy of a link is a link, and what makes it a Pi's own would be written into the template.
  if ((await nas.read(root))?.kind === 'link')
    throw new UserError(`the template ${root} is a link`, {
      hint: 'name what it leads to: --template, or defaults.template in farm.yaml',
    })
  const top = await nas.list(root)
  if (top === undefined) throw await unknownTemplate(farm, nas, name)
  // A link instead of a directory would lead what pifarm reads below it out of the template.
  if (top.get('etc') !== 'dir' || top.get('boot') !== 'dir' || !(top.has('usr') || top.has('bin')))
    throw new UserError(`${root} is not a root filesystem: it needs etc, usr or bin, and boot`, {
      hint: 'build one with `pifarm template build`, or unpack one there',
    })
  const boot = await findBoot(nas, root)
  if (boot === undefined)
    throw new UserError(`the template ${root} holds no Raspberry Pi boot files`, {
      hint: `copy the boot partition (config.txt, start.elf, ...) into ${root}/boot/firmware`,
    })
  return { root, ...boot }
}

async function unknownTemplate(farm: Farm, nas: Reader, name: string): Promise<UserError> {
  const found = await templateNames(farm, nas)
  return new UserError(`there is no template ${quoted(name)} in ${farm.paths.roots}`, {
    hint:
      found.length === 0
        ? 'build one with `pifarm template build`'
        : `there is ${found.map(quoted).join(', ')}`,
  })
}

/** The names of the templates: root filesystems beside the roots that are no Pi's. */
export async function templateNames(farm: Farm, nas: Reader): Promise<string[]> {
  const pis = new Set<string>(farm.pis.map(({ name }) => name))
  const found: string[] = []
  for (const [name, kind] of (await nas.list(farm.paths.roots)) ?? []) {
    if (kind !== 'dir' || name.startsWith('.') || pis.has(name)) continue
    const top = await nas.list(`${farm.paths.roots}/${name}`)
    if (top?.get('etc') === 'dir') found.push(name)
  }
  return found.sort()
}
