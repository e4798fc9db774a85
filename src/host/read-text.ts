import { dirname, resolve } from 'node:path'
import type { Reader } from './host.ts'

/** The text of a file that a daemon reads, links followed as it follows them; undefined where there is none. */
export async function readText(nas: Reader, path: string, links = 8): Promise<string | undefined> {
  const entry = await nas.read(path)
  if (entry?.kind === 'link' && links > 0)
    return readText(nas, resolve(dirname(path), entry.target), links - 1)
  return entry?.kind === 'file' ? entry.text : undefined
}
