import { dirname } from 'node:path'
import { quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import { readText } from '../../host/read-text.ts'
import { render } from '../../render.ts'
import { findBlock, setBlock } from '../managed-block.ts'
import { exportOptions, wantedExports } from './wanted-exports.ts'

/** A file that pifarm writes exports into, before and after. */
export interface OwnText {
  readonly path: string
  /** The whole file; empty where there is none. */
  readonly before: string
  readonly after: string
  /** Only what pifarm itself wrote of `before`. */
  readonly ours: string
}

/** A drop-in in exports_dir is pifarm's alone; in /etc/exports it keeps a marked block. */
export async function ownText(nas: Reader, farm: Farm): Promise<OwnText> {
  const { exports: path, etc_exports, exports_dir } = farm.paths
  const before = (await readText(nas, path)) ?? ''
  const exports = wantedExports(farm)
  const text = render('exports/pifarm.exports.hbs', { exports, options: exportOptions.join(',') })
  if (path === etc_exports) {
    const lines = exports.length === 0 ? undefined : text.trimEnd().split('\n').slice(1)
    return { path, before, after: setBlock(before, path, lines), ours: ownPart(farm, before) }
  }
  if (dirname(path) !== exports_dir || !/\/[^/.][^/]*\.exports$/.test(path))
    throw new UserError(`paths.exports is ${quoted(path)}, which exportfs does not read`, {
      hint: `name a file such as ${exports_dir}/pifarm.exports, or ${etc_exports} for a marked block`,
    })
  const [header = ''] = text.split('\n')
  if (before.trim() !== '' && !before.startsWith(header))
    throw new UserError(`${path} was not written by pifarm, which would replace it`, {
      hint: `move its lines to ${etc_exports}, or name another file under paths.exports`,
    })
  return { path, before, after: text, ours: before }
}

/** What pifarm itself wrote of a text of its file. */
export function ownPart({ paths }: Farm, text: string): string {
  if (paths.exports !== paths.etc_exports) return text
  return findBlock(text, paths.exports)?.lines.join('\n') ?? ''
}

/** What people wrote into a file, on the lines where they wrote it. */
export async function foreignText(nas: Reader, farm: Farm, file: string): Promise<string> {
  if (file === farm.paths.exports && file !== farm.paths.etc_exports) return ''
  const text = (await readText(nas, file)) ?? ''
  const block = file === farm.paths.exports ? findBlock(text, file) : undefined
  if (block === undefined) return text
  const lines = text.slice(block.from, block.to).replace(/[^\n]/g, '')
  return text.slice(0, block.from) + lines + text.slice(block.to)
}
