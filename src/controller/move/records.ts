import type { Selectable } from 'kysely'
import * as z from 'zod'
import { mediaPath, muxerId } from '../../protocol/job.ts'
import { jobState } from '../../protocol/views.ts'
import type { Tables } from '../db/tables.ts'

/**
 * A queue as a file: a line of JSON for what it is, one for each row, one at the end, so that half a
 * file is seen to be half. Rows are those of the tables (src/controller/db/tables.ts). A column that a
 * migration adds needs a default here: files of older versions lack it.
 */
export const firstLine = z.strictObject({
  pifarm: z.literal('queue'),
  version: z.string(),
  /** Newest migration of the database that it comes from. */
  schema: z.string(),
})
export const lastLine = z.strictObject({ end: z.int().min(0) })

const text = z.string()
const whole = z.int()
const isTrue = z.union([z.literal(0), z.literal(1)])
const json = z.string().refine(isJson, { error: 'it is not JSON' })

function isJson(value: string): boolean {
  try {
    JSON.parse(value)
    return true
  } catch {
    return false
  }
}

const rows = {
  jobs: z.strictObject({
    id: whole.positive(),
    path: mediaPath,
    settings: json,
    priority: whole,
    muxer: muxerId.nullable(),
    needs: json,
    dedupe_key: text,
    webhook: text.nullable(),
    state: jobState,
    attempt: whole,
    failures: whole,
    retried_after: whole,
    created_at: whole,
    not_before: whole.nullable(),
    run_at: whole,
    ended_at: whole.nullable(),
    lease_token: text.nullable(),
    leased_by: muxerId.nullable(),
    leased_at: whole.nullable(),
    lease_until: whole.nullable(),
    cancel_requested: isTrue,
    progress: json.nullable(),
    result: json.nullable(),
    video_seconds: z.number().nullable(),
    failure_reason: text.nullable(),
    failure_detail: text.nullable(),
    source: text.nullable().default(null),
  }),
  job_needs: z.strictObject({ job_id: whole, label: text }),
  attempts: z.strictObject({
    id: whole.positive(),
    job_id: whole,
    attempt: whole,
    muxer: muxerId,
    token: text,
    started_at: whole,
    ended_at: whole,
    outcome: z.enum(['complete', 'failed', 'released', 'expired', 'cancelled']),
    blames_muxer: isTrue,
    reason: text.nullable(),
    detail: text,
    argv: json,
    log_tail: text,
  }),
  muxers: z.strictObject({
    id: muxerId,
    hostname: text,
    serial: text,
    model: text,
    agent: text,
    ffmpeg: text,
    labels: json,
    capabilities: json,
    state: json,
    tmp_free_bytes: whole,
    last_seen_at: whole,
    drained: isTrue,
    quarantined: text.nullable(),
    trusted_after: whole,
  }),
  tidy: z.strictObject({
    id: whole.positive(),
    job_id: whole,
    path: mediaPath,
    policy: z.enum(['move', 'delete', 'keep']),
    due_at: whole,
    muxer: muxerId.nullable(),
    claimed_until: whole.nullable(),
    ended_at: whole.nullable(),
    outcome: text.nullable(),
    detail: text,
  }),
  webhooks: z.strictObject({
    id: whole.positive(),
    url: text,
    event: text,
    body: text,
    created_at: whole,
    tries: whole,
    next_at: whole,
    ended_at: whole.nullable(),
    delivered: isTrue,
    error: text.nullable(),
  }),
  idempotency: z.strictObject({ key: text, fingerprint: text, job_id: whole, created_at: whole }),
  clock: z.strictObject({ id: z.literal(1), ticked_at: whole }),
} satisfies { [T in TableName]: z.ZodType<Selectable<Tables[T]>> }

/** Those of the queue. */
export type TableName = Exclude<keyof Tables, 'sessions'>

/** In an order in which each row finds those that it refers to; with what a page of it is ordered by. */
export const tableOrder = {
  jobs: ['id'],
  job_needs: ['job_id', 'label'],
  attempts: ['id'],
  muxers: ['id'],
  tidy: ['id'],
  webhooks: ['id'],
  idempotency: ['key'],
  clock: ['id'],
} as const satisfies { [T in TableName]: readonly (keyof Tables[T])[] }

export const tableNames = Object.keys(tableOrder) as readonly TableName[]

/** Those whose ids the database counts up. */
export const counted: readonly TableName[] = ['jobs', 'attempts', 'tidy', 'webhooks']

const of = <T extends TableName>(table: T) =>
  z.strictObject({ table: z.literal(table), row: rows[table] })

export const record = z.discriminatedUnion('table', [
  of('jobs'),
  of('job_needs'),
  of('attempts'),
  of('muxers'),
  of('tidy'),
  of('webhooks'),
  of('idempotency'),
  of('clock'),
])
