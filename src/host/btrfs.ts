import fs from 'node:fs'
import { runCommand } from './commands.ts'

const magic = 0x9123683e
/** The inode number that the top of every subvolume has. */
const topInode = 256

/** Whether a path lies on btrfs. */
export function isOnBtrfs(path: string): boolean {
  return fs.statfsSync(path).type === magic
}

/** Whether a path is the top of a btrfs subvolume. */
export function isSubvolume(path: string): boolean {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.ino === topInode && isOnBtrfs(path)
}

/**
 * Deletes the subvolumes below a tree, and the tree where it is one itself. The innermost go first:
 * btrfs deletes none that has others in it. Nobody but pifarm need have made them: systemd-tmpfiles
 * does so when packages are installed inside a subvolume.
 */
export async function deleteSubvolumes(tree: string): Promise<void> {
  if (await isDeleted(tree)) return
  // find names the top of another filesystem or subvolume, and does not go into it.
  const found = await runCommand([
    'find',
    tree,
    '-xdev',
    '-mindepth',
    '1',
    '-type',
    'd',
    '-inum',
    String(topInode),
    '-print0',
  ])
  for (const path of found.stdout.split('\0'))
    if (path !== '' && isSubvolume(path) && !(await isMountPoint(path)))
      await deleteSubvolumes(path)
  await isDeleted(tree)
}

async function isDeleted(path: string): Promise<boolean> {
  if (!isSubvolume(path) || (await isMountPoint(path))) return false
  return (await runCommand(['btrfs', 'subvolume', 'delete', path])).code === 0
}

async function isMountPoint(path: string): Promise<boolean> {
  return (await runCommand(['mountpoint', '-q', path])).code === 0
}
