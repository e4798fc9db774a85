import fs from 'node:fs'
import { basename, dirname, relative } from 'node:path'
import { entryOf, hasCode, putEntry } from './entries.ts'
import type { Entry } from './host.ts'

/**
 * open(2)'s O_PATH, which Node does not name: it holds whatever is there without opening it, so that
 * a pipe does not keep us waiting and no device is touched.
 */
const holdOnly = 0o10000000

/** See `Host.putBelow`. */
export function putBelow(top: string, path: string, entry: Entry | undefined): void {
  inDirBelow(top, path, (dir) => {
    putEntry(`/proc/self/fd/${dir}/${basename(path)}`, entry)
    // Now: the tree may have another name by the time that a run flushes what it did.
    fs.fsyncSync(dir)
  })
}

/** See `Reader.readBelow`. */
export function readBelow(top: string, path: string): Entry | undefined {
  try {
    return inDirBelow(top, path, (dir) => readHeld(`/proc/self/fd/${dir}/${basename(path)}`))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** What is looked at is what is read: between the two another entry may get the name. */
function readHeld(path: string): Entry {
  const held = fs.openSync(path, holdOnly | fs.constants.O_NOFOLLOW)
  try {
    const stat = fs.fstatSync(held)
    if (stat.isSymbolicLink()) return { kind: 'link', target: fs.readlinkSync(path) }
    return entryOf(stat, `/proc/self/fd/${held}`)
  } catch (error) {
    // A link that has just given way to something else: Node reads none that it holds.
    if (hasCode(error, 'EINVAL')) return { kind: 'other' }
    throw error
  } finally {
    fs.closeSync(held)
  }
}

/** Every directory is opened by itself, so that a link planted a moment ago is an error (ENOTDIR). */
function inDirBelow<T>(top: string, path: string, work: (dir: number) => T): T {
  const { O_DIRECTORY, O_NOFOLLOW } = fs.constants
  let dir = fs.openSync(top, O_DIRECTORY | O_NOFOLLOW)
  try {
    for (const part of relative(top, dirname(path)).split('/').filter(Boolean)) {
      const next = fs.openSync(`/proc/self/fd/${dir}/${part}`, O_DIRECTORY | O_NOFOLLOW)
      fs.closeSync(dir)
      dir = next
    }
    return work(dir)
  } finally {
    fs.closeSync(dir)
  }
}
