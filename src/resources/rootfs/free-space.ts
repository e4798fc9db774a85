import prettyBytes from 'pretty-bytes'
import { exitCodes, UserError } from '../../errors.ts'
import type { Reader } from '../../host/host.ts'

/** Directories, and blocks that are reserved per file, come on top of what `du` counts. */
const margin = 1.05

/**
 * The bytes that a copy of each template takes, by its root. 0 where a copy shares the template's
 * blocks, which costs next to nothing and need not be counted.
 */
export async function sizesOf(
  nas: Reader,
  roots: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for (const root of roots)
    sizes.set(root, (await sharesBlocks(nas, root)) ? 0 : await sizeOf(nas, root))
  return sizes
}

/** Refuses before a copy that would end in the middle. `bytes`: what all copies take together. */
export async function refuseFull(nas: Reader, dir: string, bytes: number): Promise<void> {
  if (bytes === 0) return
  const needed = Math.ceil(bytes * margin)
  const free = await nas.freeBytes(dir)
  if (needed <= free) return
  throw new UserError(`${dir} has ${prettyBytes(free)} free, ${prettyBytes(needed)} are needed`, {
    hint: 'make room there; roots of Pis that were removed are in its .*.removed-* directories',
    exitCode: exitCodes.usage,
  })
}

/** What is on disk, not the apparent size: holes are kept, and a hard link counts once. */
export async function sizeOf(nas: Reader, root: string): Promise<number> {
  const { stdout, stderr } = await nas.ask(['du', '-sxB1', root])
  const bytes = Number.parseInt(stdout, 10)
  if (Number.isNaN(bytes)) throw new UserError(`du cannot measure ${root}: ${stderr.trim()}`)
  return bytes
}

/** btrfs always; xfs where it was made with reflink, as mkfs.xfs does since 2019. */
export async function sharesBlocks(nas: Reader, root: string): Promise<boolean> {
  const { stdout: type } = await nas.ask(['stat', '-f', '-c', '%T', root])
  if (type.trim() === 'btrfs') return true
  if (type.trim() !== 'xfs') return false
  const { stdout: made } = await nas.ask(['xfs_info', root])
  return /\breflink=1\b/.test(made)
}
