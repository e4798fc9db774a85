import { quoted, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Output, Reader } from '../../host/host.ts'
import { tryExports } from '../try-exports.ts'
import { type EtabEntry, keyOf } from './etab.ts'
import type { ExportFact } from './export-facts.ts'
import { complaints, unresolvedIn } from './judge.ts'

/**
 * What exportfs makes of the files as they are. Refuses where it is not content already: the next
 * `exportfs -ra` would take clients their exports, whoever calls it.
 */
export async function readBaseline(
  nas: Reader,
  farm: Farm,
  current: string,
  roots: ReadonlySet<string>,
): Promise<Output> {
  const output = await nas.ask(tryExports(farm), current)
  if (output.code === 0) return output
  const said = complaints(output, { roots, knownStderr: '' })
  if (said.length === 0) return output
  if (!output.stderr.includes('exportfs: '))
    throw new UserError(`cannot try out exports: ${said[0]}`, {
      hint: 'it takes root, and the right to make namespaces',
    })
  throw new UserError(
    `the exports were already broken before pifarm: ${said.slice(0, 3).join('; ')}`,
    { hint: 'mend that line until `exportfs -ra` ends without an error' },
  )
}

/**
 * The entries of others in the live table, each of which must survive. Refuses one that no file
 * names: exporting again would drop it. One whose client only DNS knows cannot be tried out in a
 * private namespace; it is left out where a file names its path.
 */
export function entriesToKeep(
  live: readonly EtabEntry[],
  ours: ReadonlySet<string>,
  baseline: { readonly table: readonly EtabEntry[]; readonly stderr: string },
  facts: readonly ExportFact[],
): EtabEntry[] {
  const inFiles = new Set(baseline.table.map(keyOf))
  const unresolved = unresolvedIn(baseline.stderr)
  const unknown = new Set(
    facts.filter(({ client }) => unresolved.has(client)).map(({ path }) => path),
  )
  const foreign = live.filter((entry) => !ours.has(keyOf(entry)))
  const lost = foreign.find((entry) => !inFiles.has(keyOf(entry)) && !unknown.has(entry.path))
  if (lost !== undefined)
    throw new UserError(
      `${quoted(lost.path)} is exported to ${quoted(lost.client)} by hand, in no file: exporting again would drop it`,
      { hint: 'write it into /etc/exports, or drop it yourself with `exportfs -ra`' },
    )
  return foreign.filter((entry) => inFiles.has(keyOf(entry)))
}
