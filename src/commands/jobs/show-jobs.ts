import type { JobView } from '../../protocol/views.ts'
import { duration } from '../../ui/progress.ts'
import { showTable } from '../../ui/show-table.ts'

export function isOver({ state }: Pick<JobView, 'state'>): boolean {
  return state !== 'queued' && state !== 'leased'
}

/** A table of jobs. */
export function showJobs(jobs: readonly JobView[]): string {
  const rows = jobs.map((job) => [
    job.id,
    job.state,
    String(job.priority),
    job.leasedBy ?? (job.muxer === null ? '-' : `only ${job.muxer}`),
    String(job.attempts),
    job.createdAt.slice(0, 16).replace('T', ' '),
    job.path,
    howItIs(job),
  ])
  return showTable(['ID', 'STATE', 'PRIO', 'MUXER', 'TRIES', 'SUBMITTED', 'FILE', ''], rows)
}

function howItIs(job: JobView): string {
  if (job.state === 'done') return job.result?.master ?? ''
  if (job.state === 'queued' && job.attempts === 0) return waits(job)
  if (!isOver(job))
    return `${job.progress ? `${Math.floor(job.progress.percent)} %  ` : ''}${progressOf(job)}`
  return job.failure === null ? '' : `${job.failure.reason}: ${job.failure.detail}`.slice(0, 120)
}

/** What is done on a job that is not over. */
export function progressOf(job: JobView): string {
  if (job.state === 'queued') return waits(job)
  if (job.progress === null) return `on muxer ${job.leasedBy}`
  const { step, rendition, fps, etaSeconds } = job.progress
  const parts = [
    `${step}${rendition === null ? '' : ` ${rendition}`} on muxer ${job.leasedBy}`,
    fps === null ? '' : `${fps.toFixed(1)} fps`,
    etaSeconds === null ? '' : `ETA ${duration(etaSeconds)}`,
  ]
  return parts.filter((part) => part !== '').join('  ')
}

function waits({ failure, runAt, createdAt }: JobView): string {
  const until = runAt > createdAt ? ` until ${runAt.slice(0, 19).replace('T', ' ')}` : ''
  return failure === null ? `waits${until}` : `waits${until} to be tried again: ${failure.detail}`
}
