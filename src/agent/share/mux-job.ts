import { mkdir } from 'node:fs/promises'
import type { MuxSettings } from '../../protocol/job.ts'
import type { MachineCapabilities, MuxFailed, MuxOutcome, MuxTools } from '../mux/mux-order.ts'
import { muxVideo } from '../mux/mux-video.ts'
import { holdShare } from './hold-share.ts'
import { placeOf } from './place-of.ts'
import { staysAsItIs } from './stays-as-it-is.ts'

export interface MuxJob {
  readonly jobId: string
  /** Below the media directory, as the controller says it. */
  readonly path: string
  readonly settings: MuxSettings
  readonly mediaDir: string
  readonly scratch: string
  readonly stableSeconds: number
  readonly machine: MachineCapabilities
}

/** `share lost`: it failed on a share that was no longer there, which says nothing of the video. */
export type JobOutcome = MuxOutcome | { readonly kind: 'share lost' }

/** One job of the controller's. */
export async function muxJob(job: MuxJob, tools: MuxTools): Promise<JobOutcome> {
  const share = await holdShare(job.mediaDir)
  try {
    const outcome = await muxOnShare(job, tools)
    return outcome.kind === 'failed' && share.isLost() ? { kind: 'share lost' } : outcome
  } catch (error) {
    if (tools.signal.aborted) return { kind: 'stopped' }
    if (share.isLost()) return { kind: 'share lost' }
    throw error
  } finally {
    await share.release()
  }
}

/** Its path is judged before anything is read or written. */
async function muxOnShare(job: MuxJob, tools: MuxTools): Promise<MuxOutcome> {
  const { path } = job
  const place = await placeOf(job.mediaDir, path)
  if (place === 'gone') return refused('MissingFile', `there is no ${path} in the media directory`)
  if (place === 'outside')
    return refused('Unsupported', `${path} leads out of the media directory, or is too long a name`)
  if (!(await staysAsItIs(place.input, job.stableSeconds, tools.signal)))
    return { ...refused('InputUnstable', `${path} is still being written`), retryable: true }
  await mkdir(job.scratch, { recursive: true })
  return await muxVideo({ ...job, ...place }, tools)
}

function refused(reason: MuxFailed['reason'], detail: string): MuxFailed {
  return { kind: 'failed', reason, retryable: false, detail, argv: [], logTail: '' }
}
