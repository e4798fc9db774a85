import { dirname } from 'node:path'
import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { alone } from './alone.ts'
import { type BootPartition, bootDirectory, plainDirectory } from './boot-partition.ts'
import { bootPartitionOf, type Disk, mountedAt } from './disks.ts'
import { openFat, partitionsOf } from './fat.ts'

/** What the directory is called in which an image's copy is changed. */
const unfinished = '.pifarm-unfinished-'

/** Works in a directory of its own, which is gone afterwards. */
export async function withWorkDir<T>(host: Host, work: (dir: string) => Promise<T>): Promise<T> {
  const dir = (await mustRun(host, ['mktemp', '-d', '-t', 'pifarm-sd.XXXXXX'])).trim()
  try {
    return await work(dir)
  } finally {
    // A card that could not be let go is still mounted below: that is what has to be said.
    await host.removeTree(dir).catch(() => undefined)
  }
}

/** The boot partition of an image file. A change is made to a copy that then takes the image's name. */
export async function openImage(
  host: Host,
  image: string,
  workDir: string,
): Promise<BootPartition> {
  const file = await changeableImage(host, image)
  return {
    ...(await openFat(host, file, workDir)),
    async write(name, entry) {
      // In a directory of its own: at a name that can be guessed a link could lie, and another run work.
      await removeUnfinished(host, dirname(file))
      const beside = ['mktemp', '-d', '-p', dirname(file), `${unfinished}XXXXXXXX`]
      const dir = (await mustRun(host, beside)).replace(/\n$/, '')
      const copy = `${dir}/image`
      try {
        await mustRun(host, [
          ...['cp', '--reflink=auto', '--sparse=always', '--preserve=all'],
          ...['--', file, copy],
        ])
        await (await openFat(host, copy, workDir)).write(name, entry)
        await mustRun(host, ['sync', copy])
        await mustRun(host, ['mv', '-T', '--', copy, file])
      } finally {
        await host.removeTree(dir)
      }
    },
  }
}

/** What a killed run left; none is at work here, since each holds the directory of its image. */
async function removeUnfinished(host: Host, dir: string): Promise<void> {
  for (const [name, kind] of (await host.list(dir)) ?? [])
    if (kind === 'dir' && name.startsWith(unfinished)) await host.removeTree(`${dir}/${name}`)
}

/** The file itself, where the name is a link to it. Throws a `UserError` unless it may be replaced. */
async function changeableImage(host: Host, image: string): Promise<string> {
  if ((await host.ask(['test', '-f', image])).code !== 0) {
    if ((await host.ask(['test', '-e', image])).code !== 0)
      throw new UserError(`there is no image ${quoted(image)}`)
    throw new UserError(`${quoted(image)} is no image: it is not a file`, {
      hint: 'a card is named with --device, a mounted boot partition with --boot-dir',
    })
  }
  if (/\.(?:xz|gz|zst|zip)$/.test(image))
    throw new UserError(`${quoted(image)} is compressed`, { hint: 'unpack it first' })
  // Cut by one newline only: a name may end with a space, and the one without it be another image.
  const file = (await mustRun(host, ['readlink', '-e', '--', image])).replace(/\n$/, '')
  // Root could write to it all the same; whoever took the right away wanted it to stay as it is.
  const mode = Number.parseInt((await mustRun(host, ['stat', '-c', '%a', '--', file])).trim(), 8)
  if ((mode & 0o222) === 0 || (await host.ask(['test', '-w', file])).code !== 0)
    throw new UserError(`${quoted(image)} is read-only`, {
      hint: 'work on a copy of it, or give yourself the right to write: chmod u+w',
    })
  const { stdout } = await host.ask(['losetup', '-n', '-O', 'NAME', '-j', file])
  const device = stdout.trim().split('\n')[0]
  if (device)
    throw new UserError(`${quoted(image)} is in use by ${device}`, {
      hint: `unmount it, then: losetup -d ${device}`,
    })
  return file
}

/**
 * Works on the boot partition of a card: where the desktop has mounted it, else mounted for the
 * while, else, where this kernel knows no FAT, through mtools.
 */
export async function withCard<T>(
  host: Host,
  card: Disk,
  workDir: string,
  work: (partition: BootPartition) => Promise<T>,
): Promise<T> {
  const part = bootPartitionOf(card)
  const there = part && mountedAt(part)
  if (there !== undefined)
    return await alone(host, there, async () => work(await bootDirectory(host, there)))
  const vfat = ['-t', 'vfat', '-o', 'quiet', part?.path ?? card.path]
  const mounted = await withMount(host, vfat, workDir, async (dir) => ({
    done: await work({ ...plainDirectory(host, dir), where: card.path }),
  }))
  return mounted ? mounted.done : await work(await openFat(host, card.path, workDir))
}

/** Works on the root filesystem of a card; undefined where there is none that this kernel can mount. */
export async function withRoot<T>(
  host: Host,
  card: Disk,
  workDir: string,
  work: (dir: string) => Promise<T>,
): Promise<T | undefined> {
  const part = card.children?.find((child) => child.fstype === 'ext4')
  const there = part && mountedAt(part)
  if (there !== undefined) return await work(there)
  if (part !== undefined) return await withMount(host, [part.path], workDir, work)
  // Where the kernel shows no partitions it is mounted by its place.
  const [linux] = (await partitionsOf(host, card.path)).linux
  if (linux === undefined) return undefined
  const place = `loop,offset=${linux.offset},sizelimit=${linux.size}`
  return await withMount(host, ['-t', 'ext4', '-o', place, card.path], workDir, work)
}

/** Works on a filesystem that is mounted for the while; undefined where it cannot be mounted. */
async function withMount<T>(
  host: Host,
  what: readonly string[],
  workDir: string,
  work: (dir: string) => Promise<T>,
): Promise<T | undefined> {
  const dir = `${workDir}/mount`
  if ((await host.read(dir)) === undefined) await host.put(dir, { kind: 'dir', mode: 0o700 })
  const mounted = await host.run(['mount', '-o', 'nosuid,nodev', ...what, dir])
  if (mounted.code !== 0) return undefined
  try {
    return await work(dir)
  } finally {
    await release(host, dir)
  }
}

async function release(host: Host, dir: string): Promise<void> {
  const { code, stderr } = await host.run(['umount', dir])
  if (code !== 0)
    throw new UserError(`the card cannot be let go: ${stderr.trim()}`, {
      hint: `unmount it by hand before you pull it: umount ${dir}`,
      exitCode: exitCodes.needsHands,
    })
}

/** Runs a command whose failure ends what is being done. */
async function mustRun(host: Host, argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await host.run(argv)
  if (code !== 0)
    throw new UserError(`${argv[0]} failed: ${stderr.trim()}`, {
      hint: 'nothing was changed',
      exitCode: exitCodes.putBack,
    })
  return stdout
}
