import { posix } from 'node:path'
import type { Entry, Reader } from '../../host/host.ts'

const mostLinks = 20

/**
 * The entry at a path inside a Pi's root, with links followed as they lead on the Pi: an absolute
 * one starts at the root's own top. Undefined where nothing is.
 */
export async function insideRoot(
  nas: Reader,
  root: string,
  path: string,
): Promise<Exclude<Entry, { kind: 'link' }> | undefined> {
  let left = path.split('/').filter((part) => part !== '')
  let at = '/'
  for (let links = 0; links <= mostLinks; ) {
    const [name, ...rest] = left
    const here = name === undefined ? at : posix.join(at, name)
    const entry = await nas.read(root + here)
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
    if (rest.length === 0) return entry
    if (entry.kind !== 'dir') return undefined
    at = here
    left = rest
  }
  return undefined
}
