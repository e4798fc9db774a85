import { join } from 'node:path'
import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'

/** One entry of the table that mountd and the kernel answer from. */
export interface EtabEntry {
  readonly path: string
  readonly client: string
  readonly options: ReadonlySet<string>
}

/** The table in force. */
export async function readEtab(nas: Reader, farm: Farm): Promise<EtabEntry[]> {
  const etab = await nas.read(join(farm.paths.nfs_state, 'etab'))
  return etab?.kind === 'file' ? parseEtab(etab.text) : []
}

/** Reads `etab` of the NFS state directory: `path<TAB>client(options)`, the exact form of the table. */
export function parseEtab(text: string): EtabEntry[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([^\t]+)\t([^(]+)\(([^)]*)\)$/.exec(line)
    if (match === null) return []
    const [, path = '', client = '', options = ''] = match
    return { path: unescaped(path), client, options: new Set(options.split(',')) }
  })
}

/** What tells entries apart: one path is exported to one client once. */
export function keyOf(entry: { readonly path: string; readonly client: string }): string {
  return `${entry.path}\t${entry.client}`
}

/** `\\040` and the like, the way exportfs writes a blank, made the character again. */
export function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)))
}
