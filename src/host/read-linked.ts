import { dirname, resolve } from 'node:path'
import type { Entry, Reader } from './host.ts'

/** What a daemon finds by that name, links followed as it follows them; a link is where they lead round. */
export async function readLinked(nas: Reader, path: string, links = 8): Promise<Entry | undefined> {
  const entry = await nas.read(path)
  if (entry?.kind === 'link' && links > 0)
    return readLinked(nas, resolve(dirname(path), entry.target), links - 1)
  return entry
}
