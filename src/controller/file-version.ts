import type { Stats } from 'node:fs'

/**
 * By the file server's clock, whatever date a camera or a copy gave it: a date to come would be newer
 * than every job.
 */
export function writtenAt({ mtimeMs, ctimeMs }: Stats): number {
  return Math.min(mtimeMs, ctimeMs)
}

/**
 * Tells one content of a file from the next, for as long as the queue lives. Not by its inode or the
 * date of its last change: a restored copy, another owner or a file server's notes leave it as it is.
 */
export function versionOf(file: Stats): string {
  return `${file.size} ${writtenAt(file)}`
}
