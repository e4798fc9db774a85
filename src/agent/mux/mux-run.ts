import { stat, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { FailureReason } from '../../protocol/job.ts'
import { type FfmpegEnd, type FfmpegRun, runFfmpeg } from '../ffmpeg/run-ffmpeg.ts'
import type { MuxLimits, MuxOrder, MuxTools } from './mux-order.ts'
import type { MuxPlan } from './plan-mux.ts'
import type { Workspace } from './workspace.ts'

/** What the steps of one job share. */
export interface MuxRun {
  readonly order: MuxOrder
  readonly tools: MuxTools
  readonly limits: MuxLimits
  readonly plan: MuxPlan
  readonly space: Workspace
  /** `fraction` of the step; the rest as ffmpeg says it. */
  report(step: string, fraction: number, more?: ReportMore): void
  warn(line: string): void
}

interface ReportMore {
  readonly rendition?: string
  readonly encoder?: string
  readonly fps?: number | null
  readonly speed?: number | null
}

/** Ends the job; `muxVideo` makes the answer of it. */
export class MuxFailure extends Error {
  readonly reason: FailureReason
  readonly retryable: boolean
  readonly end: Pick<FfmpegEnd, 'argv' | 'log'>

  constructor(
    reason: FailureReason,
    detail: string,
    { retryable = true, end = { argv: [], log: '' } }: Partial<MuxFailure> = {},
  ) {
    super(detail)
    this.reason = reason
    this.retryable = retryable
    this.end = end
  }
}

type Job = Pick<FfmpegRun, 'args' | 'cwd' | 'onProgress'>

/** One ffmpeg of this job, under its limits. Throws where the job was stopped. */
export async function ffmpegOf(run: MuxRun, job: Job): Promise<FfmpegEnd> {
  const { stallSeconds, timesDuration } = run.limits
  const totalSeconds = run.plan.seconds * timesDuration + 300
  const end = await runFfmpeg(run.tools, { ...job, stallSeconds, totalSeconds })
  run.tools.signal.throwIfAborted()
  const lines = end.log.split('\n').filter((each) => each !== '' && !saysNothing.test(each))
  for (const line of lines.slice(-20)) run.tools.log(`ffmpeg: ${line}`)
  return end
}

/** Said of the AAC that we stage ourselves, in each job: its stream tells neither its length nor the size of its frames, and nobody needs them. */
const saysNothing =
  /\[warning\] (?:Estimating duration from bitrate, this may be inaccurate|frame size not set)$/

/**
 * What stopped a step, when it is not the step's own doing: then another encoder would end the same
 * way. A full disk shows in nothing but the free space: ffmpeg ends with 0 there.
 */
export async function failElsewhere(run: MuxRun, end: FfmpegEnd): Promise<void> {
  const { input, output } = run.order
  if ((await stat(input).catch(() => undefined)) === undefined)
    throw new MuxFailure('MissingFile', `${input} is no longer there`, { end })
  if ((await freeBytes(dirname(output))) < 1 << 20 || end.log.includes('No space left on device'))
    throw new MuxFailure('DiskFull', `no room is left beside ${output}`, { end })
}

/** What an ordinary user may fill; Infinity where the filesystem does not say. */
export async function freeBytes(dir: string): Promise<number> {
  const { bavail, bsize, blocks } = await statfs(dir)
  return blocks === 0 ? Infinity : bavail * bsize
}
