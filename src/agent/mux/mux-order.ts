import type { Progress } from '../../protocol/agent-api.ts'
import type { FailureReason, MuxResult, MuxSettings } from '../../protocol/job.ts'

/** What the mux pipeline is asked, what it is given to work with, and how it answers. */

/** One video. All paths are absolute, and the caller has made sure that they are where they may be. */
export interface MuxOrder {
  /** The same for each attempt at one job: what an earlier one finished is found by it. */
  readonly jobId: string
  readonly input: string
  /** The directory that appears, whole or not at all, e.g. `/media/videos/film.mp4.hls`. */
  readonly output: string
  /** What the paths of the result are relative to; `output` lies below it. */
  readonly mediaDir: string
  /** A directory of this machine's own for what need not be on the share. */
  readonly scratch: string
  readonly settings: MuxSettings
  readonly machine: MachineCapabilities
}

/** How programs are run: an argv prefix each (`['ffmpeg']`, `['nice', 'ffmpeg']`), and what stops them. */
export interface MediaPrograms {
  readonly ffmpeg: readonly string[]
  readonly ffprobe: readonly string[]
  /** Aborted: what runs is ended, and nothing is published. */
  readonly signal: AbortSignal
  /** One line of what is done or went wrong. */
  log(line: string): void
}

export interface MuxTools extends MediaPrograms {
  onProgress(progress: Progress): void
  /** For tests and for slow machines. */
  readonly limits?: Partial<MuxLimits>
}

export interface MuxLimits {
  /** An ffmpeg that gets no further for so long has hung. */
  readonly stallSeconds: number
  /** An ffmpeg is ended after the video's duration times this, and five minutes more. */
  readonly timesDuration: number
  /** libx264's. */
  readonly preset: string
  /** That an encoder in software may use. */
  readonly processors: number
}

export type MuxOutcome =
  | {
      readonly kind: 'done'
      readonly result: MuxResult
      /** The ffmpeg that encoded the best rendition; empty where an attempt that was cut off had published it. */
      readonly argv: readonly string[]
    }
  | MuxFailed
  /** The signal was aborted. What is finished is kept for the next attempt. */
  | { readonly kind: 'stopped' }

/**
 * A share that went away looks like a missing file or a full disk from here: the caller looks at
 * the mount before it believes this.
 */
export interface MuxFailed {
  readonly kind: 'failed'
  readonly reason: FailureReason
  /** False: another attempt would end the same way. */
  readonly retryable: boolean
  readonly detail: string
  /** The program that failed, word by word; empty where it was none. */
  readonly argv: readonly string[]
  /** The last of what it wrote to stderr. */
  readonly logTail: string
}

/** What was tried on this machine and found to work. Plain data: it can be kept as JSON. */
export interface MachineCapabilities {
  /** First line of `ffmpeg -version`. */
  readonly ffmpeg: string
  /** Best first; never empty on a machine that can work. */
  readonly encoders: readonly EncoderAbility[]
  /** Hardware decoders, by the codec that each decodes as ffprobe calls it. */
  readonly decoders: readonly { readonly name: string; readonly codec: string }[]
  /** What does not work and why. */
  readonly troubles: readonly string[]
}

export interface EncoderAbility {
  readonly name: string
  readonly hardware: boolean
  readonly pixelFormat: string
  /** Widths are multiples of this: off its grid a hardware encoder garbles. */
  readonly widthGrid: number
  /** Longest side; null: none that matters. */
  readonly maxSide: number | null
  /** Key frames come every so many frames whatever is asked; null: as asked. */
  readonly fixedGop: number | null
  /** How many streams it was seen to encode at once. */
  readonly sessions: number
}

/** What the verifier says of an HLS directory. Without problems it may be published. */
export interface Verdict {
  readonly problems: readonly string[]
  /** Not as it should be, but it plays. */
  readonly warnings: readonly string[]
}
