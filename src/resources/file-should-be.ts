import { dirname } from 'node:path'
import { UserError } from '../errors.ts'
import type { Entry, FileEntry, Reader } from '../host/host.ts'
import type { Put } from '../plan/change.ts'

/** How every file begins that is pifarm's alone. */
const header = 'Managed by pifarm'

interface Wanted {
  readonly path: string
  readonly text: string
  readonly why: string
  /** Nobody else writes into it: one that does not say it is pifarm's is refused. */
  readonly isOurs?: boolean
  /** For a new file; an existing one keeps its own. Default 0644. */
  readonly mode?: number
}

/**
 * The puts that make a file read `text`: none where it does so already. An existing file keeps its
 * mode, owner and encoding; missing directories come first, with mode 0755.
 */
export async function fileShouldBe(
  nas: Reader,
  { path, text, why, isOurs = false, mode = 0o644 }: Wanted,
): Promise<readonly Put[]> {
  const before = await readOwnFile(nas, path)
  if (before?.text === text) return []
  if (isOurs && before !== undefined && before.text !== '' && !before.text.includes(header))
    throw new UserError(`${path} was not written by pifarm`, {
      hint: 'name a file of its own under paths in farm.yaml, or move that one away',
    })
  const after: Entry =
    before === undefined
      ? { kind: 'file', text, encoding: 'utf8', mode, uid: 0, gid: 0 }
      : { ...before, text }
  const dirs = before === undefined ? await missingDirs(nas, dirname(path), why) : []
  return [...dirs, { kind: 'put', path, before, after, why }]
}

async function readOwnFile(nas: Reader, path: string): Promise<FileEntry | undefined> {
  const entry = await nas.read(path)
  if (entry === undefined || entry.kind === 'file') return entry
  // Writing renames a new file over the path: the link would be gone, its target stay as it was.
  const what = entry.kind === 'link' ? `a symbolic link to ${entry.target}` : 'not a file'
  throw new UserError(`${path} is ${what}`, {
    hint: 'pifarm writes only plain files: name the real one under paths in farm.yaml',
  })
}

async function missingDirs(nas: Reader, dir: string, why: string): Promise<readonly Put[]> {
  if (dir === '/' || (await nas.list(dir)) !== undefined) return []
  const above = await missingDirs(nas, dirname(dir), why)
  const after: Entry = { kind: 'dir', mode: 0o755 }
  return [...above, { kind: 'put', path: dir, before: undefined, after, why }]
}
