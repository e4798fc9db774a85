import type { Progress, Tidied } from '../../protocol/agent-api.ts'
import type { JobOutcome, MuxJob } from './mux-job.ts'
import type { TidyOrder, TidyPlaces } from './tidy-file.ts'

/** What is done on the share by a child of the agent: one line of JSON each way. */
export type ShareOrder =
  | { readonly kind: 'mux'; readonly job: MuxJob }
  | { readonly kind: 'tidy'; readonly places: TidyPlaces; readonly files: readonly TidyOrder[] }

export type ShareWord =
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'muxed'; readonly outcome: JobOutcome }
  | { readonly kind: 'tidied'; readonly id: string; readonly tidied: Tidied }
