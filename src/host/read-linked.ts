import { dirname, resolve } from 'node:path'
import type { FileEntry, Reader } from './host.ts'

/** A file as a daemon reads it, links followed as it follows them; undefined where there is none. */
export async function readLinked(
  nas: Reader,
  path: string,
  links = 8,
): Promise<FileEntry | undefined> {
  const entry = await nas.read(path)
  if (entry?.kind === 'link' && links > 0)
    return readLinked(nas, resolve(dirname(path), entry.target), links - 1)
  return entry?.kind === 'file' ? entry : undefined
}
