import type { Claimed, Progress } from '../../protocol/agent-api.ts'
import type { MuxFailed, MuxOutcome } from '../mux/mux-order.ts'
import type { Report } from './report.ts'

/** Of a job at which nothing was done yet. */
export const noProgress: Progress = {
  step: 'start',
  rendition: null,
  percent: 0,
  fps: null,
  speed: null,
  etaSeconds: null,
  encoder: null,
}

export const shareLost = 'the media share went away while the job was at work'
export const mountedAnew = 'the media share was away, and was mounted anew'

export function completed(
  { job, lease: { token } }: Claimed,
  { result, argv }: Extract<MuxOutcome, { kind: 'done' }>,
): Report {
  return { kind: 'complete', job: job.id, body: { token, result, argv: cut(argv) } }
}

export function failed({ job, lease: { token } }: Claimed, why: MuxFailed): Report {
  const { reason, retryable, detail, argv, logTail } = why
  return {
    kind: 'fail',
    job: job.id,
    body: {
      token,
      reason,
      retryable,
      detail: detail.slice(0, 4000),
      argv: cut(argv),
      logTail: logTail.slice(-65_536),
    },
  }
}

export function released({ job, lease: { token } }: Claimed, why: string): Report {
  return { kind: 'release', job: job.id, body: { token, why: why.slice(0, 500) } }
}

/** To what the controller takes. */
function cut(argv: readonly string[]): string[] {
  return argv.slice(0, 500).map((word) => word.slice(0, 4096))
}
