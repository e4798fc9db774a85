import type { Entry } from '../../host/host.ts'
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
  cure: 'lets everybody read them; by hand: missing ones are copied from the boot partition into /boot/firmware, or installed with the package raspi-firmware, and a link that leads out is replaced by what it leads to',
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
    const { unreadable, leadingOut } = await faultsBelow(tree, boot)
    for (const path of unreadable) problems.push(`${path} is not readable by everybody`)
    for (const path of leadingOut) problems.push(`${path} is a link out of the boot files`)
    return problems
  },
  async mend(tree) {
    const found = await findBoot(tree, '')
    const changed: string[] = []
    if (found === undefined) return changed
    const { unreadable } = await faultsBelow(tree, found.boot)
    for (const path of unreadable) {
      const entry = await tree.read(path)
      if (entry?.kind !== 'file' && entry?.kind !== 'dir') continue
      const more = entry.kind === 'dir' ? 0o055 : 0o044
      await tree.put(path, { ...entry, mode: entry.mode | more })
      changed.push(`${path} may be read by everybody`)
    }
    return changed
  },
}

/** What everybody may not read, and what leads out, in one walk: it reads all boot files, 100 MB. */
async function faultsBelow(tree: Tree, dir: string): Promise<Faults> {
  const faults: Faults = { unreadable: [], leadingOut: [] }
  for (const [name, kind] of (await tree.list(dir)) ?? []) {
    const path = `${dir}/${name}`
    const entry = await tree.read(path)
    if (entry !== undefined && isUnreadable(entry)) faults.unreadable.push(path)
    if (entry?.kind === 'link' && /^\/|(?:^|\/)\.\.(?:\/|$)/.test(entry.target))
      faults.leadingOut.push(path)
    if (kind !== 'dir') continue
    const deeper = await faultsBelow(tree, path)
    faults.unreadable.push(...deeper.unreadable)
    faults.leadingOut.push(...deeper.leadingOut)
  }
  return faults
}

interface Faults {
  readonly unreadable: string[]
  readonly leadingOut: string[]
}

function isUnreadable(entry: Entry): boolean {
  if (entry.kind === 'dir') return (entry.mode & 0o005) !== 0o005
  return entry.kind === 'file' && (entry.mode & 0o004) === 0
}
