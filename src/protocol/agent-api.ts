import * as z from 'zod'
import { failureReason, label, mediaPath, muxerId, muxResult, muxSettings } from './job.ts'

/**
 * What an agent says to the controller and hears from it: JSON over HTTP, a bearer token a muxer.
 * Times are durations in seconds, never instants: a Pi has no clock of its own. Everything said of
 * a claimed job carries the token of its lease; one that is no longer held is answered with 409.
 *
 *     POST /v1/muxers/{muxer}/register     registration -> registered
 *     POST /v1/muxers/{muxer}/claim        claim -> 200 claimed | 204 nothing | 423 drained
 *     POST /v1/jobs/{id}/heartbeat         heartbeat -> heard | 409 lease lost
 *     POST /v1/jobs/{id}/complete          completion -> 200 (again with the same token: 200) | 409
 *     POST /v1/jobs/{id}/fail              failure -> 200 | 409
 *     POST /v1/jobs/{id}/release           release -> 200 | 409
 *     POST /v1/muxers/{muxer}/tidy/claim   -> tidyList
 *     POST /v1/tidy/{id}/complete          tidied -> 200
 */

export const jobId = z.string().regex(/^[0-9a-z]{1,32}$/)
export const leaseToken = z.uuid()

/** What was tried on this machine and found to work. */
export const capabilities = z.strictObject({
  encoders: z.array(z.string().max(64)).max(20),
  decoders: z.array(z.string().max(64)).max(20),
  /** What does not work and why, e.g. a licence key for another serial. */
  troubles: z.array(z.string().max(500)).max(20),
})
export type Capabilities = z.infer<typeof capabilities>

/**
 * What comes out of a broken video or machine may have zero bytes, which PostgreSQL refuses in a text,
 * and libsql takes for its end.
 */
const text = (most: number) =>
  z
    .string()
    .max(most)
    .overwrite((written) => written.replaceAll('\0', '\ufffd'))

export const registration = z.strictObject({
  agent: text(64),
  hostname: text(255),
  serial: text(32),
  model: text(128),
  ffmpeg: text(256),
  labels: z.array(label).max(32),
  capabilities,
})
export type Registration = z.infer<typeof registration>

export const registered = z.object({
  leaseSeconds: z.number().positive(),
  renewSeconds: z.number().positive(),
  muxer: muxerId,
})

/** What an agent that asks for work says of itself; shown to people. */
export const muxerState = z.strictObject({
  /** The text of the lock file while there is one, else null: such an agent claims nothing. */
  locked: z.string().max(500).nullable(),
  /** Why it cannot work at the moment, e.g. that the media share is away; else null. */
  trouble: z.string().max(500).nullable(),
  celsius: z.number().nullable(),
  throttled: z.boolean().nullable(),
})
export type MuxerState = z.infer<typeof muxerState>

/** `waitSeconds` 0 only tells the state. */
export const claim = z.strictObject({
  state: muxerState,
  tmpFreeBytes: z.int().min(0),
  waitSeconds: z.int().min(0).max(30),
})
export type Claim = z.infer<typeof claim>

export const claimed = z.object({
  job: z.object({ id: jobId, path: mediaPath, settings: muxSettings }),
  lease: z.object({
    token: leaseToken,
    attempt: z.int().positive(),
    leaseSeconds: z.number().positive(),
    renewSeconds: z.number().positive(),
  }),
})
export type Claimed = z.infer<typeof claimed>

export const progress = z.strictObject({
  step: z.string().max(64),
  rendition: z.string().max(64).nullable(),
  /** Of the whole job, 0 to 100. */
  percent: z.number().min(0).max(100),
  fps: z.number().min(0).nullable(),
  /** Times real time. */
  speed: z.number().min(0).nullable(),
  etaSeconds: z.number().min(0).nullable(),
  encoder: z.string().max(64).nullable(),
})
export type Progress = z.infer<typeof progress>

export const heartbeat = z.strictObject({ token: leaseToken, progress, state: muxerState })
export type Heartbeat = z.infer<typeof heartbeat>

export const heard = z.object({
  leaseSeconds: z.number().positive(),
  /** A person took the job back: stop, publish nothing, release. */
  cancel: z.boolean(),
  /** Finish this one and claim no more. */
  drain: z.boolean(),
})
export type Heard = z.infer<typeof heard>

/** What a program was called with, word by word. */
const argv = z.array(z.string().max(4096)).max(500)

export const completion = z.strictObject({
  token: leaseToken,
  result: muxResult,
  /** The ffmpeg that encoded the best rendition. */
  argv: argv.default([]),
})
export type Completion = z.infer<typeof completion>

export const failure = z.strictObject({
  token: leaseToken,
  reason: failureReason,
  /** False: another attempt would end the same way. */
  retryable: z.boolean(),
  detail: text(4000),
  /** The ffmpeg that failed. */
  argv,
  /** The last of what it wrote to stderr. */
  logTail: text(65_536),
})
export type Failure = z.infer<typeof failure>

/** Given back without a fault of the job: it costs no attempt. */
export const release = z.strictObject({ token: leaseToken, why: text(500) })
export type Release = z.infer<typeof release>

export const tidyList = z.object({
  files: z.array(
    z.object({
      id: jobId,
      /** The input whose HLS has been live for the time of grace. */
      path: mediaPath,
      policy: z.enum(['move', 'delete', 'keep']),
    }),
  ),
})
export type TidyList = z.infer<typeof tidyList>

export const tidied = z.strictObject({
  outcome: z.enum(['moved', 'deleted', 'kept', 'gone', 'refused']),
  detail: text(500),
})
export type Tidied = z.infer<typeof tidied>
