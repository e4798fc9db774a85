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
 * So a date to come, too, is taken as it stands.
 */
export function versionOf({ size, mtimeMs }: Stats): string {
  return `${size} ${mtimeMs}`
}
