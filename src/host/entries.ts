import { isUtf8 } from 'node:buffer'
import fs from 'node:fs'
import { type Entry, type FileEntry, unfinishedOf } from './host.ts'

const largest = 256 * 1024 * 1024

/** What is at that path; undefined where nothing is. Links are not followed. */
export function readEntry(path: string): Entry | undefined {
  const stat = statOf(path)
  if (stat === undefined) return undefined
  if (stat.isSymbolicLink()) return { kind: 'link', target: fs.readlinkSync(path) }
  return entryOf(stat, path)
}

function statOf(path: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false })
  } catch (error) {
    // Below a file there is nothing.
    if (hasCode(error, 'ENOTDIR')) return undefined
    throw error
  }
}

/** What was found at that path, which is no link. */
export function entryOf(stat: fs.Stats, path: string): Entry {
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
  try {
    if (entry.kind === 'link') fs.symlinkSync(entry.target, unfinished)
    else writeWhole(unfinished, entry)
    fs.renameSync(unfinished, path)
  } catch (error) {
    fs.rmSync(unfinished, { force: true })
    throw error
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

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
