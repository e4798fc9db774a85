import { join } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import { type FileEntry, type Host, unfinishedOf } from '../host/host.ts'
import { findBootDir } from './find-boot-dir.ts'

/** The files that the firmware reads, wherever they lie: a directory, a card, an image, a live Pi. */
export interface BootPartition {
  /** As it is told to people. */
  readonly where: string
  /** The names at its top. */
  list(): Promise<readonly string[]>
  read(name: string): Promise<FileEntry | undefined>
  /** Either whole or not at all, as far as FAT can; undefined removes. */
  write(name: string, entry: FileEntry | undefined): Promise<void>
}

/** A mounted boot partition. The directory is looked for with `findBootDir`. */
export async function bootDirectory(host: Host, dir: string): Promise<BootPartition> {
  const found = await findBootDir(host, dir)
  return plainDirectory(host, found)
}

/** A directory just as it is. */
export function plainDirectory(host: Host, dir: string): BootPartition {
  return {
    where: dir,
    list: async () => [...((await host.list(dir))?.keys() ?? [])],
    async read(name) {
      const entry = await host.read(join(dir, name))
      if (entry !== undefined && entry.kind !== 'file') throw notAFile(join(dir, name), entry.kind)
      return entry
    },
    async write(name, entry) {
      try {
        await host.put(join(dir, name), entry)
      } catch (cause) {
        await host.put(unfinishedOf(join(dir, name)), undefined).catch(() => {})
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new UserError(`cannot write ${join(dir, name)}: ${why}`, {
          hint: 'is it full, or mounted read-only (mount -o remount,rw), or not yours (run as root)?',
          exitCode: exitCodes.putBack,
          cause,
        })
      }
      await host.flush([dir], [])
    },
  }
}

/** Something else stands where the firmware looks for a file. */
export function notAFile(where: string, kind: string): UserError {
  const what = kind === 'dir' ? 'directory' : kind
  return new UserError(`${where} is a ${what}, no file: the firmware reads no such thing`, {
    hint: 'look what it is, and take it away; nothing was changed',
  })
}

/** A file of the boot partition with this text, otherwise like the one it replaces. */
export function fileLike(before: FileEntry | undefined, text: string): FileEntry {
  // 0755 is what vfat shows; it takes no mode that it cannot show.
  if (before === undefined)
    return { kind: 'file', text, encoding: 'utf8', mode: 0o755, uid: 0, gid: 0 }
  return { ...before, text }
}
