import { existsSync, rmdirSync, rmSync, statSync, truncateSync } from 'node:fs'
import { dirname } from 'node:path'

/** Notes which directories are still to be made for a file; answers what removes them again, where nothing else got into them. */
export function dirsBefore(file: string): () => void {
  const missing: string[] = []
  for (let dir = dirname(file); !existsSync(dir); dir = dirname(dir)) missing.push(dir)
  return () => {
    for (const dir of missing) {
      try {
        rmdirSync(dir)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOTEMPTY') return
        if (code !== 'ENOENT') throw error
      }
    }
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
