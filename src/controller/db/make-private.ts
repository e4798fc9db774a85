import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'

const others = 0o007

/**
 * A queue is for its owner, and for a group that a person has given it: lease tokens are in it. SQLite
 * would make it as the umask lets it; its journals it makes like the file.
 */
export function makePrivate(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    const entry = statSync(path, { throwIfNoEntry: false })
    if (entry === undefined || (entry.mode & others) === 0) continue
    if (entry.uid === process.geteuid?.()) chmodSync(path, entry.mode & 0o7777 & ~others)
  }
}
