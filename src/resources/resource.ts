import type { Farm } from '../farm/farm.ts'
import type { Entry, Reader } from '../host/host.ts'
import type { Change, Probe, ResourcePlan } from '../plan/change.ts'
import type { Fresh } from './fresh.ts'

/** A part of the NAS that pifarm keeps: it looks, compares, and answers with changes. */
export interface Resource {
  readonly name: string
  /** The programs without which it can do nothing here. */
  needs(farm: Farm): readonly string[]
  plan(look: Look): Promise<ResourcePlan>
  /** Did it take: what must hold once this farm is in force. Part of `plan`'s answer when it has changes, and of an undo. */
  probes(farm: Farm): readonly Probe[]
  /** Before what a run changed here is taken back: who must agree, and what to know. Throws where it must not be. */
  beforeUndo?(look: UndoLook): Promise<Judgement>
  /** Which addresses people have given to others. */
  addressesInUse?(farm: Farm, nas: Reader): Promise<AddressesInUse>
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
  /** A template that is deleted once this run is over: planned for as if it were gone. */
  readonly goingTemplate?: string | undefined
  /** Names this run; part of the paths where removed roots are kept. */
  readonly runId: string
}

/** What a resource is given before a run is taken back. */
export interface UndoLook {
  readonly farm: Farm
  readonly nas: Reader
  /** The farm that is in force again afterwards; undefined where nobody can say. */
  readonly former: Farm | undefined
  /** What the run changed of this resource, in its order. */
  readonly changes: readonly Change[]
  /** What will be at a path. */
  becomes(path: string): Promise<Entry | undefined>
}

export type Judgement = Pick<ResourcePlan, 'checks' | 'warnings'>

export interface AddressesInUse {
  readonly taken: ReadonlySet<string>
  /** The dynamic range that an address lies in. */
  inRange(address: string): string | undefined
}
