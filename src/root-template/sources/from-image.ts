import { fileURLToPath } from 'node:url'
import { quoted, UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import type { Workshop } from '../../host/workshop.ts'
import { type Packing, packingOf, unpackArgv, unpackTool } from '../decompress.ts'
import { fetchFailure } from '../fetch-failure.ts'
import { type NeededTool, needTools } from '../needed-tools.ts'
import {
  extBytesUsed,
  type FileSystem,
  fileSystemOf,
  type Partition,
  readPartitions,
} from '../partition-table.ts'
import type { FetchProgress, FetchTo, Source } from '../source.ts'

const copyPartition = fileURLToPath(
  new URL('../../../templates/root-template/copy-partition.sh', import.meta.url),
)
/** A guess at how much larger a packed image gets; it decides only whether to begin. */
const unpackedFactor = 5

interface ImageFile {
  readonly path: string
  readonly size: number
  readonly packing: Packing
}

/** An image of a whole card, as Raspberry Pi OS is published: FAT for the firmware, ext4 for the root. */
export function fromImage(nas: Host, workshop: Workshop, path: string): Source {
  let file: ImageFile = { path, size: 0, packing: 'none' }
  return {
    kind: 'image',
    description: `image ${path}`,
    async survey() {
      file = await look(workshop, path)
      const unpack = unpackTool[file.packing]
      const tools: readonly NeededTool[] = ['mcopy']
      await needTools(nas, unpack === undefined ? tools : [...tools, unpack])
      if (file.packing !== 'none') return { bytes: file.size * unpackedFactor * 2, facts: [] }
      const { root } = await partitionsOf(workshop, file)
      return { bytes: await extBytesUsed(reader(workshop, path), root), facts: [] }
    },
    async fetch(to, progress, signal) {
      const [sha256, image] = await Promise.all([
        workshop.sha256(path, signal),
        file.packing === 'none' ? file : unpack(workshop, file, to, progress, signal),
      ])
      const { boot, root } = await partitionsOf(workshop, image)
      await copyRoot(workshop, image, root, to, progress, signal)
      await copyBoot(nas, workshop, image, boot, to, signal)
      return { sha256, notes: [] }
    },
  }
}

async function look(workshop: Workshop, path: string): Promise<ImageFile> {
  const size = await workshop.sizeOf(path)
  if (size === undefined) throw new UserError(`there is no file ${quoted(path)}`)
  return { path, size, packing: packingOf(await workshop.bytes(path, 0, 16)) }
}

/** Unpacked beside the tree: a filesystem can only be read where it can be sought in. */
async function unpack(
  workshop: Workshop,
  { path, size, packing }: ImageFile,
  { scratch, log }: FetchTo,
  progress: FetchProgress,
  signal: AbortSignal,
): Promise<ImageFile> {
  const image = `${scratch}/image`
  const output = await workshop.work(
    packing === 'zip'
      ? { argv: ['unzip', '-p', path, '*.img'], output: image, log }
      : {
          argv: packing === 'none' ? [] : unpackArgv[packing],
          input: path,
          output: image,
          log,
          progress: (bytes) => progress(bytes, size),
        },
    signal,
  )
  if (output.code !== 0)
    throw fetchFailure(`unpacking ${path}`, output, 'it may not have been fetched whole')
  return { path: image, size: (await workshop.sizeOf(image)) ?? 0, packing: 'none' }
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

function reader(workshop: Workshop, path: string) {
  return (offset: number, length: number) => workshop.bytes(path, offset, length)
}

async function copyRoot(
  workshop: Workshop,
  image: ImageFile,
  root: Partition,
  { into, scratch, log }: FetchTo,
  progress: FetchProgress,
  signal: AbortSignal,
): Promise<void> {
  const total = await extBytesUsed(reader(workshop, image.path), root)
  const mountPoint = `${scratch}/mounted`
  await workshop.makeTop(mountPoint)
  const numbers = [String(root.offset), String(root.size)]
  const output = await workshop.work(
    {
      argv: ['sh', copyPartition, image.path, ...numbers, mountPoint, into],
      written: (bytes) => progress(bytes, total),
      log,
    },
    signal,
  )
  if (output.code !== 0)
    throw fetchFailure(
      'reading the root partition',
      output,
      'where it was not unmounted cleanly, mend a copy of the image first with e2fsck',
    )
}

/** With mtools, for a NAS need not have the kernel's FAT; FAT knows no owners and modes anyway. */
async function copyBoot(
  nas: Host,
  workshop: Workshop,
  image: ImageFile,
  boot: Partition,
  { into, log }: FetchTo,
  signal: AbortSignal,
): Promise<void> {
  const files = workshop.filesBelow(into)
  const fstab = await files.read('/etc/fstab')
  const place = bootMount(fstab?.kind === 'file' ? fstab.text : '') ?? '/boot'
  for (const dir of ['/boot', place])
    if ((await files.list(dir)) === undefined) await files.put(dir, { kind: 'dir', mode: 0o755 })
  const target = `${into}${place}`
  const output = await workshop.work(
    {
      argv: ['mcopy', '-s', '-n', '-m', '-i', `${image.path}@@${boot.offset}`, '::*', target],
      // Its heads and sectors are those of a card that was another size.
      env: { MTOOLS_SKIP_CHECK: '1' },
      log,
    },
    signal,
  )
  if (output.code !== 0) throw fetchFailure('reading the boot partition', output)
  await nas.run(['chmod', '-R', 'u=rwX,go=rX', '--', target])
}

/** Where the tree's own fstab mounts the boot partition: /boot until Debian 11, /boot/firmware since. */
function bootMount(fstab: string): string | undefined {
  return /^\S+\s+(\/boot(?:\/firmware)?)\/?\s+vfat\s/m.exec(fstab)?.[1]
}
