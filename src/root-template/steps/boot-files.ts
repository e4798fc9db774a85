import { findBoot } from '../inside/find-boot.ts'
import type { Step } from '../step.ts'
import type { Tree } from '../tree.ts'

const firmware = ['config.txt', 'bootcode.bin', 'start.elf', 'fixup.dat']
/** Raspberry Pi's own name of a 3B's device tree, and Debian's. */
const deviceTrees = ['bcm2710-rpi-3-b.dtb', 'bcm2837-rpi-3-b.dtb']

export const bootFiles: Step = {
  id: 'boot-files',
  title: 'Boot files',
  why: 'a Pi without a card gets its firmware, kernel and device tree from the TFTP server, which reads as an ordinary user and follows no link out of the boot files',
  cure: 'lets everybody read them; missing ones are copied by hand from the boot partition into /boot/firmware, or installed with the package raspi-firmware',
  async inspect(tree) {
    const found = await findBoot(tree, '')
    if (found === undefined) return ['/boot/firmware and /boot hold no Raspberry Pi boot files']
    const { boot, bootEntries } = found
    const names = [...bootEntries.keys()]
    const problems = firmware
      .filter((name) => !bootEntries.has(name))
      .map((name) => `${boot}/${name} is missing`)
    if (!names.some((name) => /^(?:kernel|vmlinuz).*/.test(name)))
      problems.push(`${boot} holds no kernel`)
    if (!deviceTrees.some((name) => bootEntries.has(name)))
      problems.push(`${boot}/${deviceTrees[0]} is missing`)
    for (const path of await unreadable(tree, boot))
      problems.push(`${path} is not readable by everybody`)
    for (const path of await leadingOut(tree, boot))
      problems.push(`${path} is a link out of the boot files`)
    return problems
  },
  async mend(tree) {
    const found = await findBoot(tree, '')
    const changed: string[] = []
    for (const path of found === undefined ? [] : await unreadable(tree, found.boot)) {
      const entry = await tree.read(path)
      if (entry?.kind !== 'file' && entry?.kind !== 'dir') continue
      const more = entry.kind === 'dir' ? 0o055 : 0o044
      await tree.put(path, { ...entry, mode: entry.mode | more })
      changed.push(`${path} may be read by everybody`)
    }
    return changed
  },
}

async function unreadable(tree: Tree, dir: string): Promise<readonly string[]> {
  return await below(tree, dir, (entry) =>
    entry.kind === 'dir'
      ? (entry.mode & 0o005) !== 0o005
      : entry.kind === 'file' && (entry.mode & 0o004) === 0,
  )
}

async function leadingOut(tree: Tree, dir: string): Promise<readonly string[]> {
  return await below(
    tree,
    dir,
    (entry) => entry.kind === 'link' && /^\/|(?:^|\/)\.\.(?:\/|$)/.test(entry.target),
  )
}

type Entry = NonNullable<Awaited<ReturnType<Tree['read']>>>

async function below(tree: Tree, dir: string, wrong: (entry: Entry) => boolean): Promise<string[]> {
  const found: string[] = []
  for (const [name, kind] of (await tree.list(dir)) ?? []) {
    const path = `${dir}/${name}`
    const entry = await tree.read(path)
    if (entry !== undefined && wrong(entry)) found.push(path)
    if (kind === 'dir') found.push(...(await below(tree, path, wrong)))
  }
  return found
}
