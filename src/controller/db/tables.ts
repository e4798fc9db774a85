import type { Generated } from 'kysely'
import type { JobState } from '../../protocol/views.ts'

/**
 * The tables, as both databases hold them. Instants are milliseconds since 1970 by the database's
 * clock, truth values are 0 and 1, lists and objects are JSON in text: so one schema fits both.
 */
export interface Tables {
  readonly jobs: Jobs
  readonly job_needs: JobNeeds
  readonly attempts: Attempts
  readonly muxers: Muxers
  readonly tidy: Tidy
  readonly webhooks: Webhooks
  readonly idempotency: Idempotency
  readonly clock: Clock
  readonly sessions: Sessions
}

export interface Jobs {
  id: Generated<number>
  path: string
  settings: string
  priority: number
  muxer: string | null
  needs: string
  dedupe_key: string
  webhook: string | null
  state: JobState
  /** The number of the newest attempt. */
  attempt: number
  /** Attempts that failed or expired since the job was submitted or retried by a person. */
  failures: number
  /** The newest attempt when a person retried it: what failed before does not count. */
  retried_after: number
  created_at: number
  /** A later start that was asked for. */
  not_before: number | null
  run_at: number
  ended_at: number | null
  lease_token: string | null
  leased_by: string | null
  leased_at: number | null
  lease_until: number | null
  cancel_requested: number
  progress: string | null
  result: string | null
  video_seconds: number | null
  failure_reason: string | null
  failure_detail: string | null
  /** Which version of its file lay there when it was submitted (file-version.ts); null where nobody looked. */
  source: string | null
}

export interface JobNeeds {
  job_id: number
  label: string
}

/** An attempt that is over; one that runs is in its job's row, so that a claim is one statement. */
export interface Attempts {
  id: Generated<number>
  job_id: number
  attempt: number
  muxer: string
  token: string
  started_at: number
  ended_at: number
  outcome: 'complete' | 'failed' | 'released' | 'expired' | 'cancelled'
  /** It may have been the muxer's fault. */
  blames_muxer: number
  reason: string | null
  detail: string
  argv: string
  log_tail: string
}

export interface Muxers {
  id: string
  hostname: string
  serial: string
  model: string
  agent: string
  ffmpeg: string
  labels: string
  capabilities: string
  state: string
  tmp_free_bytes: number
  last_seen_at: number
  drained: number
  quarantined: string | null
  /** The newest of its attempts when a person resumed it: what failed before does not count. */
  trusted_after: number
}

export interface Tidy {
  id: Generated<number>
  job_id: number
  path: string
  policy: 'move' | 'delete' | 'keep'
  due_at: number
  muxer: string | null
  /** Whoever took it has until then. */
  claimed_until: number | null
  ended_at: number | null
  outcome: string | null
  detail: string
}

/** What is to be told to others: written with the change itself, sent afterwards. */
export interface Webhooks {
  id: Generated<number>
  url: string
  event: string
  body: string
  created_at: number
  tries: number
  next_at: number
  ended_at: number | null
  delivered: number
  error: string | null
}

export interface Idempotency {
  key: string
  fingerprint: string
  job_id: number
  created_at: number
}

/** One row: when a controller last looked after the leases. */
export interface Clock {
  id: number
  ticked_at: number
}

/** Who has signed in. It is no part of an export: people sign in anew after a move. */
export interface Sessions {
  /** Its id. What the browser shows is that with a seal (api/session.ts). */
  key: string
  until: number
}
