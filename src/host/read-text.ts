import type { Reader } from './host.ts'
import { readLinked } from './read-linked.ts'

/** The text of a file that a daemon reads, links followed as it follows them; undefined where there is none. */
export async function readText(nas: Reader, path: string): Promise<string | undefined> {
  const entry = await readLinked(nas, path)
  return entry?.kind === 'file' ? entry.text : undefined
}
