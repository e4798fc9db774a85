import type { Entry, Output, Reader, Seed } from '../host/host.ts'

/**
 * What a run does to the NAS: data, each reversible. `before` is what the plan saw; a run that
 * finds something else there stops, for then a person was at work in between.
 */
export type Change = Put | CloneTree | MoveTree | LiveRules

/** A small entry (file, link, directory) appears, changes or goes. */
export interface Put {
  readonly kind: 'put'
  readonly path: string
  readonly before: Entry | undefined
  readonly after: Entry | undefined
  readonly why: string
  /** A tree that a Pi writes into: no link below it is followed on the way to `path`. */
  readonly below?: string
  /** Private keys and licence keys: never shown in a diff. */
  readonly secret?: boolean
}

/** A tree is copied to a path where nothing is. */
export interface CloneTree {
  readonly kind: 'clone-tree'
  readonly from: string
  readonly to: string
  readonly seeds: readonly Seed[]
  /** Bytes to copy, for the progress bar; 0 where nobody knows. */
  readonly bytes: number
  readonly why: string
}

/** A tree is renamed: how a root is taken out of the farm, and how it comes back. */
export interface MoveTree {
  readonly kind: 'move-tree'
  readonly from: string
  readonly to: string
  readonly why: string
}

/** pifarm's own chains in the kernel's table, as `iptables-save` prints them. See plan/live-rules.ts. */
export interface LiveRules {
  readonly kind: 'live-rules'
  /** `iptables-save -t filter`, or what stands for it on this NAS. */
  readonly save: readonly string[]
  /** `iptables-restore --noflush`, or what stands for it. */
  readonly restore: readonly string[]
  readonly before: readonly string[]
  readonly after: readonly string[]
  readonly why: string
}

/** The real daemon judges the text before anything is changed. */
export interface Check {
  readonly why: string
  /** Files laid for the time of the check; removed whatever it says. */
  readonly staged: readonly { readonly path: string; readonly text: string }[]
  readonly argv: readonly string[]
  readonly input?: string
  /** What is wrong, or undefined. Default: a non-zero exit status is wrong, stderr says what. */
  readonly judge?: (output: Output) => string | undefined
  /** Said below what is wrong: what the user can do. */
  readonly hint?: string
}

/** Makes a service read its files again. Safe to repeat. */
export interface Reload {
  readonly why: string
  readonly argv: readonly string[]
  /** Asked before it is repeated when a run is put back: a person may have been at those files. */
  readonly trial?: Trial
  /** It may fail without harm, e.g. because there is nothing to reset. */
  readonly mayFail?: boolean
  /**
   * The exit status is not believed; what counts is that this daemon lives: Debian's
   * isc-dhcp-server says 1 with IPv4 running when IPv6 is not configured.
   */
  readonly daemon?: Daemon
}

/** Shows the files as they lie to what will read them. Data alone, for it is recorded with the run. */
export interface Trial {
  /** Ends with another status than 0 where they are broken; stderr says what and where. */
  readonly argv: readonly string[]
  /** A file that it is fed; one that is not there is empty. */
  readonly input?: string
  /** The pattern of the line on stderr that says what is wrong; left out, it is the last one. */
  readonly complaint?: string
  /** Said where it dies of a signal, and says nothing itself. */
  readonly crash?: string
}

export interface Daemon {
  readonly pidFile: string
  /** As the kernel names the process, e.g. `dhcpd`. */
  readonly program: string
}

/** Did it take: looks at the running service after the reloads. */
export interface Probe {
  readonly why: string
  /** What is wrong, or undefined. Asked again for `patience` ms, since daemons take a moment. */
  readonly look: (nas: Reader) => Promise<string | undefined>
  readonly patience: number
}

/** What one resource wants done. All empty: it is as it should be. */
export interface ResourcePlan {
  readonly changes: readonly Change[]
  readonly checks: readonly Check[]
  readonly reloads: readonly Reload[]
  readonly probes: readonly Probe[]
  /** Things the user should know that pifarm does not change, one line each. */
  readonly warnings: readonly string[]
  /** Trees that this resource keeps and may remove later. See plan/owned.ts. */
  readonly owns: readonly string[]
}

export interface Step extends ResourcePlan {
  readonly resource: string
}

/** Everything one run does, in order. */
export interface Plan {
  readonly steps: readonly Step[]
  /** Trees deleted for good after the run has succeeded: cannot be taken back. */
  readonly purge: readonly string[]
}

export const nothing: ResourcePlan = {
  changes: [],
  checks: [],
  reloads: [],
  probes: [],
  warnings: [],
  owns: [],
}
