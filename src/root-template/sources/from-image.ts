import { UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import { needPrograms } from '../../host/need-programs.ts'
import type { Workshop } from '../../host/workshop.ts'
import { packageFile } from '../../package-file.ts'
import type { Report } from '../../ui/ui.ts'
import { packingOf, unpackTool } from '../decompress.ts'
import { fetchFailure } from '../fetch-failure.ts'
import {
  extFacts,
  type FileSystem,
  fileSystemOf,
  type Partition,
  readPartitions,
} from '../partition-table.ts'
import { sideBySide } from '../side-by-side.ts'
import type { FetchTo, Source } from '../source.ts'
import { copyBoot } from './copy-boot.ts'
import { type ImageFile, unpack, unpackedSize } from './image-file.ts'
import { sizeOfSource } from './source-file.ts'
import { refuseOtherZip } from './zip.ts'

const copyPartition = packageFile('templates/root-template/copy-partition.sh')
/** An image of a whole card, as Raspberry Pi OS is published: FAT for the firmware, ext4 for the root. */
export function fromImage(nas: Host, workshop: Workshop, path: string): Source {
  let file: ImageFile = { path, size: 0, packing: 'none' }
  return {
    kind: 'image',
    description: `image ${path}`,
    async survey() {
      file = await look(nas, workshop, path)
      const unpack = unpackTool[file.packing]
      await needPrograms(nas, ['mcopy', ...(unpack === undefined ? [] : [unpack])])
      // The image beside the tree that is copied out of it.
      if (file.packing === 'zip') await refuseOtherZip(nas, path)
      if (file.packing !== 'none') return { bytes: (await unpackedSize(nas, file)) * 2, facts: [] }
      const { root } = await partitionsOf(workshop, file)
      return { bytes: await bytesToCopy(workshop, file, root), facts: [] }
    },
    async fetch(to, report, signal) {
      const [sha256] = await sideBySide(
        signal,
        (either) => workshop.sha256(path, either),
        async (either) => {
          const image =
            file.packing === 'none'
              ? await shortName(nas, file, to)
              : await unpack(nas, workshop, file, to, report, either)
          const { boot, root } = await partitionsOf(workshop, image)
          await copyRoot(workshop, image, root, to, report, either)
          await copyBoot(nas, workshop, image, boot, to, either)
        },
      )
      return { sha256, notes: [] }
    },
  }
}

async function look(nas: Host, workshop: Workshop, path: string): Promise<ImageFile> {
  const size = await sizeOfSource(nas, workshop, path)
  return { path, size, packing: packingOf(await workshop.bytes(path, 0, 16)) }
}

/** mtools would take what is behind an @@ in a name for an offset. */
async function shortName(nas: Host, file: ImageFile, { scratch }: FetchTo): Promise<ImageFile> {
  const path = `${scratch}/image`
  await nas.put(path, { kind: 'link', target: file.path })
  return { ...file, path }
}

/** The boot partition is the first with FAT on it; the root is the largest with ext. */
async function partitionsOf(
  workshop: Workshop,
  { path, size }: ImageFile,
): Promise<{ readonly boot: Partition; readonly root: Partition }> {
  const read = reader(workshop, path)
  const kinds = new Map<FileSystem, Partition[]>()
  for (const partition of await readPartitions(read, size)) {
    const kind = await fileSystemOf(read, partition)
    kinds.set(kind, [...(kinds.get(kind) ?? []), partition])
  }
  const boot = kinds.get('fat')?.[0]
  const root = kinds.get('ext')?.toSorted((a, b) => b.size - a.size)[0]
  if (boot === undefined || root === undefined)
    throw new UserError(
      `${path} has no ${boot === undefined ? 'FAT boot' : 'ext4 root'} partition`,
      { hint: 'it has to be the image of a whole card, as Raspberry Pi OS is published' },
    )
  return { boot, root }
}

/** The bytes in use on the root. Refuses one that cannot be read as it is. */
async function bytesToCopy(workshop: Workshop, image: ImageFile, root: Partition): Promise<number> {
  const { bytesUsed, hasJournalToReplay } = await extFacts(reader(workshop, image.path), root)
  if (!hasJournalToReplay) return bytesUsed
  throw new UserError('the root partition of the image was not unmounted cleanly', {
    hint: `its card was in use: replay the journal, in a copy of the unpacked image: e2fsck -fy '${image.path}?offset=${root.offset}'`,
  })
}

function reader(workshop: Workshop, path: string) {
  return (offset: number, length: number) => workshop.bytes(path, offset, length)
}

async function copyRoot(
  workshop: Workshop,
  image: ImageFile,
  root: Partition,
  { into, scratch, log }: FetchTo,
  report: Report,
  signal: AbortSignal,
): Promise<void> {
  const total = await bytesToCopy(workshop, image, root)
  const mountPoint = `${scratch}/mounted`
  await workshop.makeTop(mountPoint)
  const numbers = [String(root.offset), String(root.size)]
  const output = await workshop.work(
    {
      argv: ['sh', copyPartition, image.path, ...numbers, mountPoint, into],
      written: (done) => report({ done, total, part: 'copying the root' }),
      log,
    },
    signal,
  )
  if (output.code !== 0)
    throw fetchFailure(
      'reading the root partition',
      output,
      'see whether it is damaged, or newer than the kernel of the NAS: e2fsck -fn, dmesg',
    )
}
