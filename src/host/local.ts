import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { UserError } from '../errors.ts'
import { deleteSubvolumes, isOnBtrfs } from './btrfs.ts'
import { cloneTree } from './clone-tree.ts'
import { follow, runCommand } from './commands.ts'
import { followFile } from './follow-file.ts'
import { type Entry, type FileEntry, type Host, type Reader, unfinishedOf } from './host.ts'
import { holdDir, holdLock } from './lock.ts'
import { readBack } from './read-back.ts'

const largest = 256 * 1024 * 1024

/**
 * This NAS. The small looks are synchronous inside: at a thousand Pis a plan reads some forty
 * thousand entries, and a promise round trip to the thread pool for each costs ten times the look.
 */
export function localReader(): Reader {
  return {
    read: async (path, listed) => (listed === 'link' ? readLink(path) : readEntry(path)),
    list: async (dir) => listDir(dir),
    ask: runCommand,
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

function readLink(path: string): Entry | undefined {
  try {
    return { kind: 'link', target: fs.readlinkSync(path) }
  } catch {
    return readEntry(path) // no link any more
  }
}

/** What is at that path; undefined where nothing is. Links are not followed. */
export function readEntry(path: string): Entry | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return undefined
  if (stat.isSymbolicLink()) return { kind: 'link', target: fs.readlinkSync(path) }
  const mode = stat.mode & 0o7777
  if (stat.isDirectory()) return { kind: 'dir', mode }
  if (!stat.isFile() || stat.size > largest) return { kind: 'other' }
  return { kind: 'file', ...readText(path), mode, uid: stat.uid, gid: stat.gid }
}

function readText(path: string): Pick<FileEntry, 'text' | 'encoding'> {
  // Twice as fast as to read bytes and look at them, and nearly every file is so.
  const text = fs.readFileSync(path, 'utf8')
  if (!text.includes('\ufffd')) return { text, encoding: 'utf8' }
  const bytes = fs.readFileSync(path)
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  return { text: bytes.toString(encoding), encoding }
}

/** The names in a directory with their kinds; undefined where there is no such directory. */
export function listDir(dir: string): ReadonlyMap<string, Entry['kind']> | undefined {
  try {
    const found = fs.readdirSync(dir, { withFileTypes: true })
    return new Map(found.map((entry) => [entry.name, kindOf(entry)]))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

function kindOf(entry: fs.Dirent): Entry['kind'] {
  if (entry.isFile()) return 'file'
  if (entry.isDirectory()) return 'dir'
  return entry.isSymbolicLink() ? 'link' : 'other'
}

/** Makes the entry what it says, seen whole or not at all; undefined removes it. */
export function putEntry(path: string, entry: Entry | undefined): void {
  const there = fs.lstatSync(path, { throwIfNoEntry: false })
  if (entry === undefined) {
    if (there?.isDirectory()) fs.rmdirSync(path)
    else if (there !== undefined) fs.unlinkSync(path)
    return
  }
  if (entry.kind === 'other') throw new Error(`cannot make ${path}: not a file, link or directory`)
  if (entry.kind === 'dir') {
    if (there === undefined) makeDir(path, entry.mode)
    else if (there.isDirectory()) fs.chmodSync(path, entry.mode)
    else throw new Error(`EEXIST: ${path} is not a directory`)
    return
  }
  const unfinished = unfinishedOf(path)
  fs.rmSync(unfinished, { force: true })
  if (entry.kind === 'link') fs.symlinkSync(entry.target, unfinished)
  else writeWhole(unfinished, entry)
  fs.renameSync(unfinished, path)
}

/** Every directory is opened by itself, so that a link planted a moment ago is an error (ENOTDIR). */
function putBelow(top: string, path: string, entry: Entry | undefined): void {
  const { O_DIRECTORY, O_NOFOLLOW } = fs.constants
  let dir = fs.openSync(top, O_DIRECTORY | O_NOFOLLOW)
  try {
    for (const part of relative(top, dirname(path)).split('/')) {
      const next = fs.openSync(`/proc/self/fd/${dir}/${part}`, O_DIRECTORY | O_NOFOLLOW)
      fs.closeSync(dir)
      dir = next
    }
    putEntry(`/proc/self/fd/${dir}/${basename(path)}`, entry)
    // Now: the tree may have another name by the time that a run flushes what it did.
    fs.fsyncSync(dir)
  } finally {
    fs.closeSync(dir)
  }
}

/** Under its name only once it has its mode: mkdir's goes through the umask. */
function makeDir(path: string, mode: number): void {
  const unfinished = unfinishedOf(path)
  fs.rmSync(unfinished, { force: true, recursive: true })
  fs.mkdirSync(unfinished, { mode: 0o700 })
  fs.chmodSync(unfinished, mode)
  fs.renameSync(unfinished, path)
}

function writeWhole(path: string, entry: FileEntry): void {
  // 0600 until all is written: a key must not be readable for an instant.
  const file = fs.openSync(path, 'wx', 0o600)
  try {
    fs.writeFileSync(file, Buffer.from(entry.text, entry.encoding))
    fs.fchownSync(file, entry.uid, entry.gid)
    fs.fchmodSync(file, entry.mode)
    // Without it a power cut after the rename can leave an empty file under the final name.
    fs.fsyncSync(file)
  } finally {
    fs.closeSync(file)
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

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
