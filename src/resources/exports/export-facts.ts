import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import { foreignText } from './own-text.ts'
import { type Export, parseExports } from './parse-exports.ts'

/** An export that a person wrote. */
export interface ExportFact extends Export {
  readonly file: string
}

/** What people export beside pifarm, in the order in which exportfs reads the files. */
export async function readExportFacts(nas: Reader, farm: Farm): Promise<ExportFact[]> {
  const { etc_exports, exports_dir } = farm.paths
  const names = [...((await nas.list(exports_dir)) ?? [])].flatMap(([name, kind]) =>
    (kind === 'file' || kind === 'link') && /^[^.].*\.exports$/.test(name) ? [name] : [],
  )
  names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  const files = [etc_exports, ...names.map((name) => `${exports_dir}/${name}`)]
  const found: ExportFact[] = []
  for (const file of files) {
    const text = await foreignText(nas, farm, file)
    found.push(...parseExports(text).map((one) => ({ ...one, file })))
  }
  return found
}
