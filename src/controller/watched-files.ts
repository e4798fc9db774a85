import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { mediaPath } from '../protocol/job.ts'
import { hasVideoName } from '../protocol/video-name.ts'
import { versionOf, writtenAt } from './file-version.ts'

/** What lies in the watch folder, as it is at one look. */
export interface Watched {
  /** Below the media directory. */
  readonly path: string
  /** Changes while somebody writes there, and with whatever is done to it. */
  readonly looks: string
  readonly version: string
  readonly written: number
  /** When it was last written, moved, or changed otherwise: an old date may have come along with another file. */
  readonly changed: number
  /** Why no job can be made of it, as the rest of a sentence. */
  readonly problem?: string
}

const deepest = 10

/** All but hidden names and what muxers make. A directory that cannot be listed is one of the problems. */
export async function* watchedFiles(top: string, dir: string, depth = 0): AsyncIterable<Watched> {
  const entries = await readdir(join(top, dir), { withFileTypes: true }).catch(codeOf)
  if (typeof entries === 'string') {
    const problem =
      entries === 'ENOENT'
        ? 'is not there: make it, or mount what it is on'
        : `cannot be listed: ${entries}`
    yield { ...unread(dir), looks: entries, problem }
    return
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue
    if (entry.isDirectory() && /\.hls(?:$|\.)/.test(entry.name)) continue
    const path = join(dir, entry.name)
    const wrong = wrongName(path)
    if (wrong !== undefined) yield skipped(unread(path), wrong)
    else if (!entry.isDirectory()) {
      const watched = await look(top, path)
      if (watched !== undefined) yield watched
    } else if (depth < deepest) yield* watchedFiles(top, path, depth + 1)
    else yield skipped(unread(path), `more than ${deepest} directories deep`)
  }
}

/** What keeps it from being the path of a job. A name that is no UTF-8 is read as one with U+FFFD in it, and is not found by that. */
function wrongName(path: string): string | undefined {
  if (path.includes('\ufffd')) return 'its name is not in UTF-8; rename it'
  if (path !== path.normalize('NFC')) return 'its name is not in NFC; rename it'
  return mediaPath.safeParse(path).error?.issues[0]?.message
}

function unread(path: string): Watched {
  return { path, looks: '', version: '', written: 0, changed: 0 }
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.message
}

/** Undefined where it is gone by now. */
async function look(top: string, path: string): Promise<Watched | undefined> {
  const found = await lstat(join(top, path)).catch(() => undefined)
  if (found === undefined) return undefined
  const { ino, size, mtimeMs, ctimeMs } = found
  const watched = {
    path,
    looks: `${ino} ${size} ${mtimeMs} ${ctimeMs}`,
    version: versionOf(found),
    written: writtenAt(found),
    changed: ctimeMs,
  }
  if (found.isSymbolicLink()) return skipped(watched, 'a link')
  if (!found.isFile()) return skipped(watched, 'no file')
  if (!hasVideoName(path)) return skipped(watched, 'its name is not that of a video')
  return size === 0 ? skipped(watched, 'empty') : watched
}

function skipped(watched: Watched, why: string): Watched {
  return { ...watched, problem: `is skipped: ${why}` }
}
