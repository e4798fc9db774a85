import type { Progress } from '../../protocol/agent-api.ts'
import type { MuxRun } from './mux-run.ts'

/** Where each step begins, in percent of the job. */
const steps: Readonly<Record<string, number>> = {
  probe: 0,
  sound: 4,
  'first pass': 8,
  renditions: 10,
  pictures: 90,
  playlists: 92,
  verify: 94,
  publish: 99,
}

/** Makes what steps report into what the controller is told. It never goes back. */
export function progressOf(tell: (progress: Progress) => void): MuxRun['report'] {
  const starts = [...Object.values(steps), 100]
  let percent = 0
  const began = performance.now()
  return (step, fraction, more = {}) => {
    const from = steps[step] ?? percent
    const to = starts.find((start) => start > from) ?? 100
    percent = Math.max(percent, from + (to - from) * Math.min(1, Math.max(0, fraction)))
    const elapsed = (performance.now() - began) / 1000
    tell({
      step,
      rendition: more.rendition?.slice(0, 64) ?? null,
      percent: Math.round(percent * 10) / 10,
      fps: more.fps ?? null,
      speed: more.speed ?? null,
      // Only what has gone on for a while foretells the rest.
      etaSeconds: percent > 12 ? Math.round((elapsed * (100 - percent)) / percent) : null,
      encoder: more.encoder ?? null,
    })
  }
}
