import type { Database } from '../db/database.ts'
import type { Bulletin } from './bulletin.ts'

/** What every part of the queue works with. */
export interface Queue {
  readonly db: Database
  readonly bulletin: Bulletin
  readonly rules: Rules
}

export interface Rules {
  /** How long a job is a muxer's without a sign of life. */
  readonly leaseSeconds: number
  readonly renewSeconds: number
  /** A client of the original's routes gives no sign of life until it is done. */
  readonly legacyLeaseSeconds: number
  /** How often a controller looks after the leases. */
  readonly tickSeconds: number
  readonly tidy: { readonly policy: 'move' | 'delete' | 'keep'; readonly afterSeconds: number }
  /** How long a job that is over is remembered; 0: for ever. */
  readonly keepSeconds: number
  /** 0 to 1: spreads the pauses before another attempt. */
  random(): number
}

export const defaultRules: Rules = {
  leaseSeconds: 120,
  renewSeconds: 30,
  legacyLeaseSeconds: 24 * 3600,
  tickSeconds: 15,
  tidy: { policy: 'keep', afterSeconds: 24 * 3600 },
  keepSeconds: 365 * 24 * 3600,
  random: Math.random,
}
