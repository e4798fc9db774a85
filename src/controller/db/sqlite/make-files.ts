import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { dirname } from 'node:path'

/** Makes the directories of a file; `done` gets what removes each again, where nothing else got into it. */
export function makeDirs(file: string, done: (() => unknown)[]): void {
  const missing: string[] = []
  for (let dir = dirname(file); !existsSync(dir); dir = dirname(dir)) missing.unshift(dir)
  // One by one: below /proc Node would try for ever to make all at once.
  for (const dir of missing) if (makeDir(dir)) done.push(() => removeEmpty(dir))
}

/** Whether it was made here; another process that starts at the same time may be quicker. */
function makeDir(dir: string): boolean {
  try {
    mkdirSync(dir, 0o700)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function removeEmpty(dir: string): void {
  try {
    rmdirSync(dir)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error
  }
}

const others = 0o007

/**
 * A queue is for its owner, and for a group that a person has given it: lease tokens are in it. SQLite
 * would make it as the umask lets it; its journals it makes like the file. Answers what takes back that
 * it was made. One with something in it stays.
 */
export function makeFile(file: string): () => void {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  if (size === undefined) closeSync(openSync(file, 'a', 0o600))
  for (const path of [file, `${file}-wal`, `${file}-shm`]) closeToOthers(path)
  return () => {
    if (size !== undefined && size > 0) return
    for (const end of ['-wal', '-shm', '-journal']) rmSync(`${file}${end}`, { force: true })
    if (size === undefined) rmSync(file, { force: true })
    else truncateSync(file)
  }
}

function closeToOthers(path: string): void {
  const entry = statSync(path, { throwIfNoEntry: false })
  if (entry === undefined || (entry.mode & others) === 0) return
  if (entry.uid === process.geteuid?.()) chmodSync(path, entry.mode & 0o7777 & ~others)
}
