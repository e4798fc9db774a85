import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { UserError } from '../errors.ts'
import { putBelow, readBelow } from './below.ts'
import { deleteSubvolumes, isOnBtrfs } from './btrfs.ts'
import { cloneTree } from './clone-tree.ts'
import { follow, runCommand } from './commands.ts'
import { dirsIn } from './dirs-in.ts'
import { listDir, putEntry, readEntry } from './entries.ts'
import { firstLines } from './first-lines.ts'
import { followFile } from './follow-file.ts'
import type { Host, Reader } from './host.ts'
import { lacking } from './lacking.ts'
import { holdDir, holdLock } from './lock.ts'
import { readBack } from './read-back.ts'

/**
 * This NAS. The small looks are synchronous inside: at a thousand Pis a plan reads thousands of
 * entries, and a promise round trip to the thread pool for each costs ten times the look.
 */
export function localReader(): Reader {
  return {
    read: async (path) => readEntry(path),
    readBelow: async (top, path) => readBelow(top, path),
    list: async (dir) => listDir(dir),
    dirsIn,
    firstLines,
    ask: runCommand,
    lacking,
    follow,
    followFile,
    readBack,
    freeBytes: async (path) => {
      const { bfree, bsize } = fs.statfsSync(path)
      return bfree * bsize
    },
  }
}

export function localHost(): Host {
  return {
    ...localReader(),
    put: async (path, entry) => putEntry(path, entry),
    putBelow: async (top, path, entry) => putBelow(top, path, entry),
    flush: async (dirs, trees) => {
      for (const dir of dirs) flushDir(dir)
      if (trees.length > 0) await mustRun(['sync', '-f', ...trees])
    },
    cloneTree,
    moveTree: async (from, to) => moveTree(from, to),
    removeTree,
    run: runCommand,
    lock: holdLock,
    hold: holdDir,
  }
}

function flushDir(dir: string): void {
  // A directory that this very run removed needs no flush; its parent has one of its own.
  if (!fs.existsSync(dir)) return
  const handle = fs.openSync(dir, 'r')
  try {
    fs.fsyncSync(handle)
  } finally {
    fs.closeSync(handle)
  }
}

function moveTree(from: string, to: string): void {
  // rename(2) would quietly replace an empty directory.
  if (fs.lstatSync(to, { throwIfNoEntry: false }) !== undefined)
    throw new UserError(`cannot move ${from} to ${to}: something is already there`)
  fs.renameSync(from, to)
  flushDir(dirname(from))
  flushDir(join(to, '..'))
}

async function removeTree(path: string): Promise<void> {
  if (fs.lstatSync(path, { throwIfNoEntry: false })?.isDirectory() && isOnBtrfs(path))
    await deleteSubvolumes(path)
  await mustRun(['rm', '-rf', '--one-file-system', '--', path])
}

async function mustRun(argv: readonly string[]): Promise<void> {
  const output = await runCommand(argv)
  if (output.code !== 0) throw new Error(`${argv[0]} failed: ${output.stderr.trim()}`)
}
