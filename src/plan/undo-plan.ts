import { basename, dirname, join } from 'node:path'
import { UserError } from '../errors.ts'
import { asideOf } from '../farm/farm.ts'
import { type Change, nothing, type Plan, type Put, type ResourcePlan } from './change.ts'
import type { RunRecord } from './journal.ts'

/**
 * The plan that takes a run back: its changes inverted, in reverse order, and its reloads again.
 * `judged` is what must hold of each resource before and afterwards.
 */
export function undoPlan(
  record: RunRecord,
  runId: string,
  judged: ReadonlyMap<string, Partial<ResourcePlan>>,
): Plan {
  const gone = record.purge[0]
  if (gone !== undefined)
    throw new UserError(`run ${record.id} (${record.command}) deleted ${gone} for good`, {
      hint: 'it cannot be taken back; put the Pi in again with `pifarm add-pi`',
    })
  const made = new Set(
    record.steps.flatMap(({ changes }) =>
      changes.flatMap((change) => (isNew(change) ? [change.path] : [])),
    ),
  )
  const steps = record.steps.toReversed().map(({ resource, changes, reloads }) => ({
    ...nothing,
    ...judged.get(resource),
    resource,
    changes: insideFirst(changes).map((change) => inverse(change, runId, made)),
    reloads,
  }))
  return { steps, purge: [] }
}

/**
 * The changes from the last to the first; but what was written inside a tree that then moved comes
 * first, and where it lies now: the plan is judged before any tree is back in its place.
 */
function insideFirst(changes: readonly Change[]): Change[] {
  const movedTo = new Map(
    changes.flatMap((change) => (change.kind === 'move-tree' ? [[change.from, change.to]] : [])),
  )
  const inside: Change[] = []
  const others: Change[] = []
  for (const change of changes.toReversed()) {
    const below = change.kind === 'put' && change.below ? movedTo.get(change.below) : undefined
    if (change.kind !== 'put' || change.below === undefined || below === undefined)
      others.push(change)
    else inside.push({ ...change, below, path: below + change.path.slice(change.below.length) })
  }
  return [...inside, ...others]
}

function isNew(change: Change): change is Put {
  return change.kind === 'put' && change.before === undefined
}

/** Beside the highest directory that goes too: a directory goes only when it is empty. */
function keptPlace(path: string, runId: string, going: ReadonlySet<string>): string {
  const parent = dirname(path)
  return going.has(parent)
    ? keptPlace(join(dirname(parent), basename(path)), runId, going)
    : asideOf(path, runId)
}

function inverse(change: Change, runId: string, going: ReadonlySet<string>): Change {
  const why = `takes back: ${change.why}`
  switch (change.kind) {
    case 'put':
      return { ...change, before: change.after, after: change.before, why }
    case 'live-rules':
      return { ...change, before: change.after, after: change.before, why }
    case 'move-tree':
      return { ...change, from: change.to, to: change.from, why }
    // Moved aside, not deleted: the Pi may have written into it since.
    case 'clone-tree':
      return { kind: 'move-tree', from: change.to, to: keptPlace(change.to, runId, going), why }
    default:
      return change satisfies never
  }
}
