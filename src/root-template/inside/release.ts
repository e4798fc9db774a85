import type { Tree } from '../tree.ts'
import { linesAt } from './texts.ts'

/** Debian's version number, e.g. 12, also of Raspberry Pi OS; undefined for anything else. */
export async function debianVersion(tree: Tree): Promise<number | undefined> {
  for (const line of await linesAt(tree, '/etc/os-release')) {
    const version = /^VERSION_ID="?(\d+)"?$/.exec(line)?.[1]
    if (version !== undefined) return Number(version)
  }
  return undefined
}
