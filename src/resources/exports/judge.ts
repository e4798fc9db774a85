import type { Output } from '../../host/host.ts'
import { type EtabEntry, keyOf, parseEtab } from './etab.ts'
import { missingFrom, type WantedExport } from './wanted-exports.ts'

export interface Expected {
  readonly wanted: readonly WantedExport[]
  /** Entries of other people in the live table: none may vanish. */
  readonly keep: readonly EtabEntry[]
  /** Roots that need not be there yet: this very run may be about to make them. */
  readonly roots: ReadonlySet<string>
  /** What exportfs said of the files as they are now: a person's affair. */
  readonly knownStderr: string
}

/**
 * What is wrong with the files that exportfs was shown, or undefined. Its exit status alone says
 * too little: it is 0 for a host that does not resolve, whose entry is then missing, and for a
 * blank before `(`, which exports to the world; and it is 1 for a root that is not there yet.
 */
export function judgeExports(output: Output, expected: Expected): string | undefined {
  const said = complaints(output, expected)
  if (said.length > 0) return `exportfs refuses the exports: ${said.slice(0, 3).join('; ')}`

  const table = parseEtab(output.stdout)
  const missing = missingFrom(table, expected.wanted)[0]
  if (missing !== undefined) return `exportfs leaves out ${missing.path} for ${missing.client}`

  const held = new Set(table.map(keyOf))
  const lost = expected.keep.find((entry) => !held.has(keyOf(entry)))
  if (lost !== undefined) return `${lost.client} would lose its export of ${lost.path}`
  return undefined
}

/** What exportfs complains of, known complaints and roots still to be made left out. */
export function complaints(
  output: Output,
  expected: Pick<Expected, 'roots' | 'knownStderr'>,
): string[] {
  const known = new Set(linesOf(expected.knownStderr).map(withoutPlace))
  const lines = linesOf(output.stderr)
  const said = lines.filter(
    (line) =>
      !harmless.test(line) && !known.has(withoutPlace(line)) && !isAbsentRoot(line, expected.roots),
  )
  if (output.code !== 0 && said.length === 0 && !lines.some((line) => absent.test(line)))
    return [`exit status ${output.code}`]
  return [...new Set(said)]
}

/** Clients that exportfs could not resolve. In a private namespace that is every name from DNS. */
export function unresolvedIn(stderr: string): ReadonlySet<string> {
  const found = stderr.matchAll(/^exportfs: Failed to resolve (\S+)$/gm)
  return new Set([...found].map(([, host = '']) => host))
}

/** Said of each line without the option, whatever else is wrong: three lines that hide the failure. */
const harmless =
  /Neither 'subtree_check' or 'no_subtree_check'|^Assuming default behaviour|^NOTE: this default has changed/

const absent = /^exportfs: Failed to stat (.+): No such file or directory$/

function isAbsentRoot(line: string, roots: ReadonlySet<string>): boolean {
  return roots.has(absent.exec(line)?.[1] ?? '')
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** A block that grows above a person's line moves it down; it is the same complaint. */
function withoutPlace(line: string): string {
  return line.replace(/(\/etc\/exports\S*?):?\s?\[?\d+\]?:/, '$1:')
}
