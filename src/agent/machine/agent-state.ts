import type { Claimed, MuxerState, Progress } from '../../protocol/agent-api.ts'
import type { MuxFailed } from '../mux/mux-order.ts'
import type { JobOutcome } from '../share/mux-job.ts'
import type { Report } from './report.ts'

/** What the agent is at. There is one main thing at a time, and beside a job its heartbeats. */
export type Phase =
  /** Finding out what this machine can do, and what it was at when it was last stopped. */
  | { readonly kind: 'starting' }
  /** Sending what the controller has not yet heard. */
  | { readonly kind: 'sending' }
  | { readonly kind: 'registering' }
  /** At the lock file and the media share, before it asks. */
  | { readonly kind: 'looking' }
  | { readonly kind: 'asking'; readonly blocked: boolean }
  | { readonly kind: 'pausing' }
  | { readonly kind: 'tidying' }
  /** A job was given; once more at lock and share, which may have changed while it waited. */
  | { readonly kind: 'checking'; readonly claimed: Claimed }
  /** A job was held when the agent was last stopped; whether it still is, is asked first. */
  | Resuming
  | Working
  /** The job failed; whether the share did is asked first. */
  | Doubting
  /** Writing down how it ended. */
  | { readonly kind: 'filing' }
  | { readonly kind: 'stopped' }

export interface Resuming {
  readonly kind: 'resuming'
  readonly claimed: Claimed
  /** Of the last look. */
  readonly mount: string | null
}

export interface Doubting {
  readonly kind: 'doubting'
  readonly claimed: Claimed
  readonly failed: MuxFailed
}

export interface Working {
  readonly kind: 'working'
  readonly claimed: Claimed
  /** Of the share that it was begun on. */
  readonly mount: string | null
  readonly progress: Progress
  /** Why it is being stopped, once it is. */
  readonly ending: Ending | undefined
  /** Looks in a row in which the share did not answer. */
  readonly silentLooks: number
}

/** `lost`: the lease is another's now, so nothing is reported. */
export type Ending = { readonly kind: 'lost' } | { readonly kind: 'release'; readonly why: string }

export interface AgentState {
  readonly phase: Phase
  readonly registered: boolean
  readonly renewSeconds: number
  /** Attempts in a row that did not reach the controller. */
  readonly failures: number
  /** Claims in a row that gave nothing, since files were last tidied. */
  readonly idleClaims: number
  /** Looks in a row at a machine that has no encoder. */
  readonly unableLooks: number
  readonly stopping: boolean
}

/** What is known of the machine at a moment. */
export interface Surroundings {
  readonly state: MuxerState
  /** Whether this machine has an encoder that works; else that is the trouble. */
  readonly able: boolean
  readonly tmpFreeBytes: number
  /** `silent`: mounted, but it does not answer. */
  readonly share: 'fine' | 'gone' | 'silent'
  /** Which mount the share is; null where it is none. */
  readonly mount: string | null
}

/** What has happened. */
export type AgentEvent =
  | { readonly kind: 'started'; readonly kept: KeptJob | undefined }
  /** The outbox is empty, or what is in it can wait. */
  | { readonly kind: 'sent' }
  | { readonly kind: 'registered'; readonly renewSeconds: number }
  /** The controller cannot be reached, or talks nonsense. */
  | { readonly kind: 'away' }
  /** It is asked too often, and has said when it may be asked again. */
  | { readonly kind: 'later'; readonly seconds: number }
  /** It does not know this muxer's token. */
  | { readonly kind: 'unwelcome' }
  /** It does not know this muxer. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'looked'; readonly now: Surroundings }
  | { readonly kind: 'claimed'; readonly claimed: Claimed }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'drained' }
  | { readonly kind: 'tidied' }
  | { readonly kind: 'rested' }
  | { readonly kind: 'progressed'; readonly progress: Progress }
  | { readonly kind: 'muxed'; readonly outcome: JobOutcome }
  /** It is time for a heartbeat. */
  | { readonly kind: 'beat'; readonly token: string }
  | { readonly kind: 'heard'; readonly token: string; readonly cancel: boolean }
  /** `later`: for how many seconds it wants to be left alone. */
  | { readonly kind: 'unheard'; readonly token: string; readonly later?: number | undefined }
  | { readonly kind: 'lease lost'; readonly token: string }
  | { readonly kind: 'filed' }
  /** SIGTERM. */
  | { readonly kind: 'stop' }

/** A job that this agent held when it was last stopped, and how often it has begun it. */
export interface KeptJob {
  readonly claimed: Claimed
  readonly starts: number
}

/** What is to be done. Each but the last four answers with an event. */
export type Deed =
  | { readonly kind: 'start' }
  | { readonly kind: 'send'; readonly inHaste: boolean }
  | { readonly kind: 'register' }
  | { readonly kind: 'look' }
  | { readonly kind: 'claim'; readonly now: Surroundings; readonly waitSeconds: number }
  | { readonly kind: 'tidy' }
  /** `inFull`: the controller has named the time, which chance may only lengthen. */
  | {
      readonly kind: 'rest'
      readonly seconds: number
      readonly why: string
      readonly inFull?: true
    }
  | { readonly kind: 'mux'; readonly claimed: Claimed }
  | { readonly kind: 'await beat'; readonly token: string; readonly seconds: number }
  | {
      readonly kind: 'heartbeat'
      readonly claimed: Claimed
      readonly progress: Progress
      readonly now: Surroundings
    }
  /** Writes the report down; undefined: only forgets the job. */
  | { readonly kind: 'file'; readonly report: Report | undefined }
  /** Makes what is under way answer at once; a job is left alone. */
  | { readonly kind: 'hurry' }
  | { readonly kind: 'stop mux' }
  | { readonly kind: 'say'; readonly line: string }
  | { readonly kind: 'exit' }
