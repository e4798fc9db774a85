import { statSync } from 'node:fs'
import { DatabaseReplaced } from '../database-lost.ts'

/** Remembers which file that is now; answers what has become of it by that name since. */
export function becameOf(file: string, name = file): () => 'removed' | 'replaced' | undefined {
  const { ino, dev } = statSync(file)
  return () => {
    const now = statSync(name, { throwIfNoEntry: false })
    if (now === undefined) return 'removed'
    return now.ino === ino && now.dev === dev ? undefined : 'replaced'
  }
}

/**
 * Answers what throws where the name, as it was typed, leads to another file than the one that was
 * taken: SQLite goes on writing into that, and nobody would see it.
 */
export function watchName(named: string, file: string): () => void {
  const become = becameOf(file, named)
  return () => {
    const what = become()
    if (what !== undefined) throw new DatabaseReplaced(named, what)
  }
}
