import type { Host } from '../../host/host.ts'
import type { FilesBelow, Workshop } from '../../host/workshop.ts'
import { fetchFailure } from '../fetch-failure.ts'
import type { Partition } from '../partition-table.ts'
import type { FetchTo } from '../source.ts'
import type { ImageFile } from './image-file.ts'

/**
 * With mtools, for a NAS need not have the kernel's FAT; FAT knows no owners and modes anyway. By
 * way of an empty directory: in the tree, mcopy would write through any link out of it.
 */
export async function copyBoot(
  nas: Host,
  workshop: Workshop,
  image: ImageFile,
  boot: Partition,
  { into, scratch, log }: FetchTo,
  signal: AbortSignal,
): Promise<void> {
  const copied = `${scratch}/boot`
  await workshop.makeTop(copied)
  const read = await workshop.work(
    {
      argv: ['mcopy', '-s', '-n', '-m', '-i', `${image.path}@@${boot.offset}`, '::*', copied],
      // Its heads and sectors are those of a card that was another size.
      env: { MTOOLS_SKIP_CHECK: '1' },
      log,
    },
    signal,
  )
  if (read.code !== 0) throw fetchFailure('reading the boot partition', read)
  await nas.run(['chmod', '-R', 'u=rwX,go=rX', '--', copied])
  const target = await placeForBoot(workshop.filesBelow(into))
  const laid = await workshop.work(
    { argv: ['cp', '-a', '--reflink=auto', '--remove-destination', '-T', copied, target], log },
    signal,
  )
  if (laid.code !== 0) throw fetchFailure('laying the boot files', laid)
}

/** The directory of the boot files, really there: no link on its way. */
async function placeForBoot(files: FilesBelow): Promise<string> {
  const fstab = await files.read('/etc/fstab')
  const mounted = bootMount(fstab?.kind === 'file' ? fstab.text : '')
  // What lies there is hidden once a Pi has mounted its boot partition over it.
  if (mounted !== undefined) await files.removeTree(mounted)
  const place = mounted ?? '/boot'
  for (const dir of ['/boot', place])
    if ((await files.read(dir))?.kind !== 'dir') await files.put(dir, { kind: 'dir', mode: 0o755 })
  return `${files.top}${place}`
}

/** Where the tree's own fstab mounts the boot partition: /boot until Debian 11, /boot/firmware since. */
function bootMount(fstab: string): string | undefined {
  return /^\S+\s+(\/boot(?:\/firmware)?)\/?\s+vfat\s/m.exec(fstab)?.[1]
}
