import type { Claimed } from '../../protocol/agent-api.ts'
import type { MachineCapabilities } from '../mux/mux-order.ts'
import type { AgentSettings } from '../settings/agent-settings.ts'
import type { JobOutcome } from '../share/mux-job.ts'
import { runShareChild } from '../share/share-child.ts'
import { died } from './after-bug.ts'
import type { Tell } from './drive.ts'

export interface ClaimedWork {
  readonly claimed: Claimed
  readonly settings: AgentSettings
  readonly machine: MachineCapabilities
  /** What starts this agent once more. */
  readonly self: readonly string[]
  readonly signal: AbortSignal
  tell: Tell
  log(line: string): void
}

/** Muxes the video of a claimed job, in a child; each step that it comes to is a line of the log. */
export async function muxClaimed(work: ClaimedWork): Promise<JobOutcome> {
  const { claimed, settings, machine, self, signal, tell, log } = work
  const { job } = claimed
  let outcome: JobOutcome | undefined
  let at = ''
  const why = await runShareChild({
    order: {
      kind: 'mux',
      job: {
        jobId: job.id,
        path: job.path,
        settings: job.settings,
        mediaDir: settings.mediaDir,
        scratch: settings.scratchDir,
        stableSeconds: settings.stableSeconds,
        machine,
      },
    },
    signal,
    self,
    hear: (word) => {
      if (word.kind === 'log') log(`job ${job.id}: ${word.line}`)
      if (word.kind === 'muxed') outcome = word.outcome
      if (word.kind !== 'progress') return
      tell({ kind: 'progressed', progress: word.progress })
      const now = `${word.progress.step} ${word.progress.rendition ?? ''}`.trim()
      if (now !== at) log(`job ${job.id}: ${now}`)
      at = now
    },
  })
  const ended = outcome ?? (signal.aborted ? { kind: 'stopped' } : died(why))
  const detail = ended.kind === 'failed' ? `: ${ended.reason}: ${ended.detail}` : ''
  log(`job ${job.id}: ${ended.kind}${detail}`)
  return ended
}
