import { existsSync, mkdirSync, rmdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'

/** Makes the directories of a file; answers what removes them again, where nothing else got into them. */
export function makeDirsOf(file: string): () => void {
  const missing: string[] = []
  for (let dir = dirname(file); !existsSync(dir); dir = dirname(dir)) missing.unshift(dir)
  const made: string[] = []
  const remove = (): void => {
    for (const dir of made.splice(0).reverse()) removeEmpty(dir)
  }
  try {
    // One by one: below /proc Node would try for ever to make all at once.
    for (const dir of missing) if (makeDir(dir)) made.push(dir)
  } catch (error) {
    remove()
    throw error
  }
  return remove
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

/** Notes whether a SQLite file is new; answers what takes back that it was made. One with something in it stays. */
export function fileBefore(file: string): () => void {
  const size = statSync(file, { throwIfNoEntry: false })?.size
  return () => {
    if (size !== undefined && size > 0) return
    for (const end of ['-wal', '-shm', '-journal']) rmSync(`${file}${end}`, { force: true })
    if (size === undefined) rmSync(file, { force: true })
    else truncateSync(file)
  }
}
