import type { JobState, JobView } from '../../../protocol/views.ts'

export type Tone = 'good' | 'busy' | 'calm' | 'warn' | 'bad'

export interface Standing {
  readonly word: string
  readonly tone: Tone
}

export const jobStanding: Readonly<Record<JobState, Standing>> = {
  queued: { word: 'Waiting', tone: 'calm' },
  leased: { word: 'Running', tone: 'busy' },
  done: { word: 'Done', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
  dead: { word: 'Given up', tone: 'bad' },
  cancelled: { word: 'Cancelled', tone: 'calm' },
}

/** How a job ended, as the rest of a sentence; undefined while it has not. */
export function endOf({ state }: Pick<JobView, 'state'>): string | undefined {
  if (state === 'done') return 'is done'
  if (state === 'failed' || state === 'dead') return 'has failed'
  return state === 'cancelled' ? 'was cancelled' : undefined
}

/** What a person sees of a step: `encode` of a rendition, or a step alone. */
export function stepOf({ step, rendition }: { step: string; rendition: string | null }): string {
  return rendition === null ? step : `${step} ${rendition}`
}
