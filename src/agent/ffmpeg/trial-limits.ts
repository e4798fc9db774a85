import type { FfmpegRun } from './run-ffmpeg.ts'

/** How long the trials of a machine wait: none of it says what is quick enough, only what hangs. */
export interface TrialLimits {
  /** For a picture in the first trial, which also reads what ffmpeg consists of over the network. */
  readonly firstSeconds: number
  /** For a picture in any other, as in a job. */
  readonly stallSeconds: number
  /** For all six seconds: with what takes longer no film would ever be done. */
  readonly totalSeconds: number
}

/** 95 MB of libraries are read for the first start, and after a power cut every Pi of the farm reads them at once. */
export const firstStartSeconds = 600

export const trialLimits: TrialLimits = {
  firstSeconds: firstStartSeconds,
  stallSeconds: 90,
  totalSeconds: 600,
}

/** Of one ffmpeg of a trial. */
export type Patience = Pick<FfmpegRun, 'stallSeconds' | 'totalSeconds'>
