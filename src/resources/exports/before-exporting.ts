import { quoted, UserError } from '../../errors.ts'
import { type Farm, rootOf } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { ResourcePlan } from '../../plan/change.ts'
import { tryExports } from '../try-exports.ts'
import { entriesToKeep, readBaseline } from './baseline.ts'
import { type EtabEntry, keyOf, parseEtab } from './etab.ts'
import type { ExportFact } from './export-facts.ts'
import { judgeExports } from './judge.ts'
import type { OwnText } from './own-text.ts'
import type { Export } from './parse-exports.ts'
import type { WantedExport } from './wanted-exports.ts'

const manyLines = 3

/** Each read once: a thousand Pis have as many of each. */
interface Exported {
  /** What pifarm itself has written so far. */
  readonly ours: readonly Export[]
  readonly wanted: readonly WantedExport[]
  /** What people have written. */
  readonly facts: readonly ExportFact[]
  /** The table in force. */
  readonly live: readonly EtabEntry[]
}

/**
 * exportfs reads every file again, people's too: it must be content with all of them beforehand, and
 * nobody may lose an export by it. What it puts in force beside pifarm's own lines is said.
 */
export async function beforeExporting(
  nas: Reader,
  farm: Farm,
  own: Pick<OwnText, 'before' | 'after'>,
  { ours: former, wanted, facts, live }: Exported,
): Promise<Pick<ResourcePlan, 'checks' | 'warnings'>> {
  const known = [...wanted, ...former]
  const ours = new Set(known.map(keyOf))
  // A root of a removed Pi is moved aside only by this run, or was by a person: either is well.
  const roots = new Set([
    ...farm.pis.map((pi) => rootOf(farm, pi)),
    ...known.map(({ path }) => path),
  ])
  refuseLeft(new Set(former.map(({ path }) => path)), wanted, facts)
  const baseline = await readBaseline(nas, farm, own.before, roots)
  const table = parseEtab(baseline.stdout)
  const keep = entriesToKeep(live, ours, { table, stderr: baseline.stderr }, facts)
  const expected = { wanted, keep, roots, knownStderr: baseline.stderr }
  const foreign = table.filter((entry) => !ours.has(keyOf(entry)))
  const inForce = live.filter((entry) => !ours.has(keyOf(entry)))
  return {
    checks: [
      {
        why: 'exportfs reads the new exports',
        staged: [],
        argv: tryExports(farm),
        input: own.after,
        judge: (output) => judgeExports(output, expected),
      },
    ],
    warnings: unapplied(foreign, inForce, facts),
  }
}

/** A root that goes, and that a person exports too: exportfs would end with an error for its place. */
function refuseLeft(
  roots: ReadonlySet<string>,
  wanted: readonly WantedExport[],
  facts: readonly ExportFact[],
): void {
  const stays = new Set(wanted.map(({ path }) => path))
  const left = facts.find(({ path }) => roots.has(path) && !stays.has(path))
  if (left !== undefined)
    throw new UserError(
      `${quoted(left.path)} goes, and ${left.file}:${left.line} exports it to ${quoted(left.client)}`,
      { hint: 'take that line out first' },
    )
}

/** What people have written since exportfs last read it. */
function unapplied(
  foreign: readonly EtabEntry[],
  live: readonly EtabEntry[],
  facts: readonly ExportFact[],
): string[] {
  const inForce = new Set(live.map(lineOf))
  const places = new Map(facts.map((fact) => [keyOf(fact), `${fact.file}:${fact.line} `]))
  const lines = foreign
    .filter((entry) => !inForce.has(lineOf(entry)))
    .map((entry) => {
      const options = [...entry.options].slice(0, 2).join(',')
      return `${places.get(keyOf(entry)) ?? ''}${quoted(entry.path)} to ${quoted(entry.client)} (${options})`
    })
  if (lines.length === 0) return []
  const more = lines.length > manyLines ? `, and ${lines.length - manyLines} more` : ''
  const shown = lines.slice(0, manyLines).join(', ')
  return [`exports that are not in force yet come into force with this run: ${shown}${more}`]
}

function lineOf(entry: EtabEntry): string {
  return `${keyOf(entry)}\t${[...entry.options].sort().join(',')}`
}
