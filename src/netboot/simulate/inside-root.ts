import { posix } from 'node:path'
import type { FileEntry } from '../../host/host.ts'

/** What can lie at a path, wherever the tree is looked at: on the disk, or over NFS, where a file's text is its beginning. */
export type Seen =
  | ({ readonly kind: 'file' } & Pick<FileEntry, 'mode' | 'text' | 'encoding'>)
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'dir' | 'other' }

/** Looks at one path of a root, e.g. `/usr/sbin/init`; no directory on its way is a link. */
export type Look<Entry extends Seen> = (path: string) => Promise<Entry | undefined>

const mostLinks = 20

/**
 * The entry at a path inside a Pi's root, with links followed as they lead on the Pi: an absolute
 * one starts at the root's own top. Undefined where nothing is.
 */
export async function insideRoot<Entry extends Seen>(
  look: Look<Entry>,
  path: string,
): Promise<Exclude<Entry, { kind: 'link' }> | undefined> {
  let left = path.split('/').filter((part) => part !== '')
  let at = '/'
  for (let links = 0; links <= mostLinks; ) {
    const [name, ...rest] = left
    const here = name === undefined ? at : posix.join(at, name)
    const entry = await look(here)
    if (entry === undefined) return undefined
    if (entry.kind === 'link') {
      links += 1
      left = [
        ...posix
          .resolve(at, entry.target)
          .split('/')
          .filter((part) => part !== ''),
        ...rest,
      ]
      at = '/'
      continue
    }
    if (rest.length === 0) return entry as Exclude<Entry, { kind: 'link' }>
    if (entry.kind !== 'dir') return undefined
    at = here
    left = rest
  }
  return undefined
}
