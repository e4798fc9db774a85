import type { Farm } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import type { Probe, ResourcePlan } from '../plan/change.ts'
import type { Fresh } from './fresh.ts'

/** A part of the NAS that pifarm keeps: it looks, compares, and answers with changes. */
export interface Resource {
  readonly name: string
  /** The programs without which it can do nothing here. */
  needs(farm: Farm): readonly string[]
  plan(look: Look): Promise<ResourcePlan>
  /** Did it take: what must hold once this farm is in force. Part of `plan`'s answer when it has changes, and of an undo. */
  probes(farm: Farm): readonly Probe[]
}

/** What a resource is given to make its plan from. It cannot change anything. */
export interface Look {
  readonly farm: Farm
  readonly nas: Reader
  /** Trees that an earlier run made: only these may be removed. Absolute paths. */
  readonly owned: ReadonlySet<string>
  /** New identities for new roots. */
  readonly fresh: Fresh
  /** Removed Pis leave nothing behind: neither their root nor their identity. */
  readonly purge: boolean
  /** Pis that this run renames, the old name by the new one: their roots move and are not cloned. */
  readonly renamed?: ReadonlyMap<string, string>
  /** Names this run; part of the paths where removed roots are kept. */
  readonly runId: string
}
