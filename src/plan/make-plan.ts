import type { Farm } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import type { Fresh } from '../resources/fresh.ts'
import type { Resource } from '../resources/resource.ts'
import { type Change, nothing, type Plan, type Step } from './change.ts'
import { refuseLacking } from './needs.ts'
import { ownedChange, readOwned } from './owned.ts'

export interface PlanOptions {
  readonly resources: readonly Resource[]
  readonly fresh: Fresh
  readonly runId: string
  /** What this run changes in farm.yaml: put back with the rest. */
  readonly edits?: readonly Change[]
  /** Removed Pis leave nothing behind. */
  readonly purge?: boolean
  /** The old name of a Pi by its new one. */
  readonly renamed?: ReadonlyMap<string, string>
  /** A template that is deleted once this run is over. */
  readonly goingTemplate?: string | undefined
}

/** Asks every resource what it wants done. Looks only. */
export async function makePlan(farm: Farm, nas: Reader, options: PlanOptions): Promise<Plan> {
  const { resources, edits = [], fresh, runId, purge = false, renamed = new Map() } = options
  const { goingTemplate } = options
  await refuseLacking(farm, nas, resources)
  const owned = await readOwned(nas, farm)
  const look = { farm, nas, fresh, runId, purge, renamed, goingTemplate, owned }
  const answers = await Promise.all(
    resources.map(async (resource) => ({
      resource: resource.name,
      ...(await resource.plan(look)),
    })),
  )
  const ownedNow = await ownedChange(
    nas,
    farm,
    answers.flatMap(({ owns }) => owns),
  )
  const steps = [
    ...only('farm.yaml', edits),
    ...answers,
    ...only('owned trees', ownedNow === undefined ? [] : [ownedNow]),
  ]
  return { steps, purge: purge ? movedAside(answers) : [] }
}

/** Whether a run of this plan would do nothing. */
export function isEmpty(plan: Plan): boolean {
  return plan.steps.every((step) => step.changes.length === 0 && step.reloads.length === 0)
}

function only(resource: string, changes: readonly Change[]): Step[] {
  return changes.length === 0 ? [] : [{ ...nothing, resource, changes }]
}

function movedAside(steps: readonly Step[]): string[] {
  const changes: Change[] = steps.flatMap((step) => [...step.changes])
  return changes.flatMap((change) => (change.kind === 'move-tree' ? [change.to] : []))
}
