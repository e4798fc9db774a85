import * as z from 'zod'
import { quoted } from '../errors.ts'
import { capabilities, jobId, muxerState, progress } from './agent-api.ts'
import { failureReason, label, mediaPath, muxerId, muxResult, muxSettings } from './job.ts'

/**
 * What people, the page and `pifarm jobs` say to the controller and hear from it, with the admin
 * token. Instants are RFC 3339 in UTC and from the database's clock.
 */

export const jobStates = ['queued', 'leased', 'done', 'failed', 'dead', 'cancelled'] as const
export const jobState = z.enum(jobStates)
export type JobState = z.infer<typeof jobState>

/** POST /v1/jobs, with an optional Idempotency-Key header. */
export const submission = z.strictObject({
  path: mediaPath,
  settings: muxSettings.prefault({}),
  /** Higher goes first. */
  priority: z.int().min(0).max(100).default(50),
  /** Only this muxer: the article's split of the queue. */
  muxer: muxerId.nullable().default(null),
  needs: z.array(label).max(16).default([]),
  /** While a job with this key waits or runs, a second is not taken. */
  dedupeKey: z
    .string()
    .min(1)
    .max(255)
    .refine((key) => !key.includes('\0'), { error: 'it has no zero byte' })
    .nullable()
    .default(null),
  notBefore: z.iso.datetime({ offset: true }).nullable().default(null),
  webhook: z
    .url({
      protocol: /^https?$/,
      error: ({ input }) => `${quoted(input)} is not a URL that begins with http:// or https://`,
    })
    .max(2048)
    .nullable()
    .default(null),
})
export type Submission = z.infer<typeof submission>

/** What of a submission may differ from the job that is there already. */
export const wishParts = [
  'path',
  'priority',
  'webhook',
  'muxer',
  'needs',
  'notBefore',
  'settings.ladder',
  'settings.segments',
  'settings.encrypt',
  'settings.onExists',
] as const
export type WishPart = (typeof wishParts)[number]

export const attemptView = z.object({
  attempt: z.int().positive(),
  muxer: muxerId,
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  outcome: z.enum(['running', 'complete', 'failed', 'released', 'expired', 'cancelled']),
  reason: failureReason.nullable(),
  detail: z.string(),
  argv: z.array(z.string()),
  logTail: z.string(),
})
export type AttemptView = z.infer<typeof attemptView>

export const jobView = z.object({
  id: jobId,
  path: mediaPath,
  state: jobState,
  settings: muxSettings,
  priority: z.int(),
  muxer: muxerId.nullable(),
  needs: z.array(label),
  attempts: z.int().min(0),
  createdAt: z.iso.datetime(),
  /** Not claimed before: a later start that was asked for, or the pause before another attempt. */
  runAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** Who works on it now. */
  leasedBy: muxerId.nullable(),
  progress: progress.nullable(),
  result: muxResult.nullable(),
  /** Of the last attempt that failed. */
  failure: z.object({ reason: failureReason, detail: z.string() }).nullable(),
})
export type JobView = z.infer<typeof jobView>

/**
 * What POST /v1/jobs answers: the job, and where it was there already what became of the
 * differences between this submission and the first. Both are empty for a new one.
 */
export const submitted = jobView.extend({
  takenOver: z.array(z.enum(wishParts)).default([]),
  /** Of these the job keeps what it was first submitted with. */
  notTakenOver: z.array(z.enum(wishParts)).default([]),
})
export type Submitted = z.infer<typeof submitted>

/** What POST /v1/jobs/{id}/retry answers: the job, and whether it only waits no longer. */
export const retried = jobView.extend({ wasQueued: z.boolean().default(false) })
export type Retried = z.infer<typeof retried>

/** GET /v1/jobs?state=&q=&cursor=&limit= */
export const jobPage = z.object({ jobs: z.array(jobView), next: z.string().nullable() })
/** GET /v1/upcoming?limit=: the jobs that wait, in the order in which they are claimed. */
export const upcoming = z.object({ waiting: z.int().min(0), jobs: z.array(jobView) })
export type Upcoming = z.infer<typeof upcoming>
/** GET /v1/jobs/{id} */
export const jobStory = z.object({ job: jobView, attempts: z.array(attemptView) })
export type JobStory = z.infer<typeof jobStory>

export const muxerView = z.object({
  id: muxerId,
  hostname: z.string(),
  model: z.string(),
  serial: z.string(),
  agent: z.string(),
  ffmpeg: z.string(),
  labels: z.array(label),
  capabilities,
  lastSeenAt: z.iso.datetime(),
  /** By the database's clock, so that no other need agree with it. */
  lastSeenSecondsAgo: z.number().min(0),
  state: muxerState,
  drained: z.boolean(),
  /** Set aside after three jobs in a row failed on it; null while trusted. */
  quarantined: z.string().nullable(),
  job: z.object({ id: jobId, path: mediaPath, progress: progress.nullable() }).nullable(),
})
export type MuxerView = z.infer<typeof muxerView>

/** GET /v1/muxers */
export const muxerList = z.object({ muxers: z.array(muxerView) })

/** GET /v1/throughput?hours=24: one point an hour, oldest first. */
export const throughput = z.object({
  points: z.array(
    z.object({
      from: z.iso.datetime(),
      done: z.int().min(0),
      failed: z.int().min(0),
      /** Seconds of video that became HLS. */
      videoSeconds: z.number().min(0),
    }),
  ),
})
export type Throughput = z.infer<typeof throughput>

/** GET /v1/media?dir=: one directory below the media directory; `dir` empty is the top. */
export const mediaListing = z.object({
  dir: z.string(),
  entries: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(['dir', 'file', 'hls']),
      bytes: z.int().min(0).nullable(),
    }),
  ),
})
export type MediaListing = z.infer<typeof mediaListing>

/** GET /v1/events (SSE): `event: job` with a jobView, `event: muxer` with a muxerView, `event: hello`, and now and then `event: alive`. */
export const eventNames = ['hello', 'alive', 'job', 'muxer'] as const
