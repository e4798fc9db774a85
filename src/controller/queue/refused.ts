import { quoted } from '../../errors.ts'
import type { WishPart } from '../../protocol/views.ts'

/** A request that the queue turns down: an answer, not a fault. */
export class Refused extends Error {
  readonly status: number
  readonly hint: string | undefined
  /** When the same may be asked again. */
  readonly retryAfterSeconds: number | undefined

  constructor(
    status: 400 | 401 | 403 | 404 | 409 | 415 | 422 | 423 | 429 | 503,
    message: string,
    hint?: string,
    retryAfterSeconds?: number,
  ) {
    super(message)
    this.name = 'Refused'
    this.status = status
    this.hint = hint
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** Another request was quicker, and what was found a moment ago no longer holds. */
export class Overtaken extends Refused {}

export function unknownJob(id: string | number): Refused {
  return new Refused(404, `there is no job ${id}`)
}

export function unknownMuxer(id: string): Refused {
  return new Refused(
    404,
    `there is no muxer ${id}`,
    'a muxer is known once its agent has registered',
  )
}

/** The token is not that of the lease in force: whatever this muxer did is not wanted any more. */
export function leaseLost(id: number): Refused {
  return new Refused(409, `the lease of job ${id} is lost`)
}

/** `settings.onExists` of a submission would let it through: whoever asks may call that by another name. */
export class NotReplaced extends Refused {
  readonly field: WishPart = 'settings.onExists'
}

export function hlsIsThere(path: string): Refused {
  return new NotReplaced(
    409,
    `${quoted(path)} has HLS already`,
    'settings.onExists: "replace" makes it anew',
  )
}

export function isDone(id: number): Refused {
  return new NotReplaced(
    409,
    `job ${id} is done: it needs no retry`,
    'submit its file again with settings.onExists: "replace" to make it anew',
  )
}
