import type { Reader } from '../host/host.ts'
import { finishedRuns, type RunRecord } from './journal.ts'

/** What became of a run, and whether `undo` can still take it back. */
export type Fate =
  /** The next `undo` takes this one back. */
  | { readonly kind: 'next' }
  /** After those above it. */
  | { readonly kind: 'later' }
  | { readonly kind: 'undone'; readonly by: string }
  | { readonly kind: 'undo'; readonly of: string }
  /** It deleted something for good. */
  | { readonly kind: 'final'; readonly deleted: string }
  /** Before a run that deleted something for good: no undo reaches behind that. */
  | { readonly kind: 'behind'; readonly of: string }

export interface PastRun {
  readonly record: RunRecord
  readonly fate: Fate
}

/** The recorded runs, newest first. */
export async function* pastRuns(nas: Reader, state: string): AsyncGenerator<PastRun> {
  const undoneBy = new Map<string, string>()
  let nearest: Fate = { kind: 'next' }
  for await (const record of finishedRuns(nas, state)) {
    if (record.undoes !== undefined) undoneBy.set(record.undoes, record.id)
    const fate = fateOf(record, undoneBy.get(record.id), nearest)
    if (fate.kind === 'next') nearest = { kind: 'later' }
    if (fate.kind === 'final') nearest = { kind: 'behind', of: record.id }
    yield { record, fate }
  }
}

function fateOf(record: RunRecord, undoneBy: string | undefined, nearest: Fate): Fate {
  const [deleted] = record.purge
  if (record.undoes !== undefined) return { kind: 'undo', of: record.undoes }
  if (undoneBy !== undefined) return { kind: 'undone', by: undoneBy }
  return deleted === undefined ? nearest : { kind: 'final', deleted }
}

/** The newest run that has not been taken back: undo after undo goes further into the past. */
export async function runToUndo(nas: Reader, state: string): Promise<RunRecord | undefined> {
  for await (const { record, fate } of pastRuns(nas, state))
    if (fate.kind === 'next' || fate.kind === 'final') return record
  return undefined
}

/** How many changes each part of the NAS got from a run; one of reloads alone made none. */
export function countsOf({ steps }: RunRecord): Readonly<Record<string, number>> {
  const changed = steps.filter(({ changes }) => changes.length > 0)
  return Object.fromEntries(changed.map(({ resource, changes }) => [resource, changes.length]))
}
