import type { ControllerClient } from '../../controller/client/controller-client.ts'
import type { JobView, MuxerView } from '../../protocol/views.ts'
import type { Tools } from '../../tools.ts'
import { duration } from '../../ui/progress.ts'
import { showTable } from '../../ui/show-table.ts'
import { whatItWaitsFor } from './what-it-waits-for.ts'

export function isOver({ state }: Pick<JobView, 'state'>): boolean {
  return state !== 'queued' && state !== 'leased'
}

/** What is to be known beside a job to say how it is. */
export interface Around {
  readonly now: Date
  /** Undefined: nobody was asked. */
  readonly muxers: readonly MuxerView[] | undefined
}

/** Asks for the muxers where a job waits for one. */
export async function lookAround(
  { now, signal }: Pick<Tools, 'now' | 'signal'>,
  client: ControllerClient,
  jobs: readonly JobView[],
): Promise<Around> {
  const isWaiting = jobs.some(({ state }) => state === 'queued') && !signal.aborted
  return { now: now(), muxers: isWaiting ? await client.muxers() : undefined }
}

/** A table of jobs. */
export function showJobs(
  jobs: readonly JobView[],
  around: Around,
  columns: number | undefined,
): string {
  const rows = jobs.map((job) => [
    job.id,
    job.state,
    String(job.priority),
    job.leasedBy ?? (job.muxer === null ? '-' : `only ${job.muxer}`),
    String(job.attempts),
    job.createdAt.slice(0, 16).replace('T', ' '),
    job.path,
    howItIs(job, around),
  ])
  return showTable(['ID', 'STATE', 'PRIO', 'MUXER', 'TRIES', 'SUBMITTED', 'FILE', ''], rows, {
    columns,
    shortens: { FILE: 'middle', '': 'end' },
    leavesOut: ['TRIES', 'PRIO', 'SUBMITTED'],
  })
}

function howItIs(job: JobView, around: Around): string {
  if (job.state === 'done') return job.result?.master ?? ''
  if (!isOver(job))
    return `${job.progress ? `${Math.floor(job.progress.percent)} %  ` : ''}${progressOf(job, around)}`
  return job.failure === null ? '' : `${job.failure.reason}: ${job.failure.detail}`.slice(0, 120)
}

/** What is done on a job that is not over. */
export function progressOf(job: JobView, around: Around): string {
  if (job.state === 'queued') return waits(job, around)
  if (job.progress === null) return `on muxer ${job.leasedBy}`
  const { step, rendition, fps, etaSeconds } = job.progress
  const parts = [
    `${step}${rendition === null ? '' : ` ${rendition}`} on muxer ${job.leasedBy}`,
    fps === null ? '' : `${fps.toFixed(1)} fps`,
    etaSeconds === null ? '' : `ETA ${duration(etaSeconds)}`,
  ]
  return parts.filter((part) => part !== '').join('  ')
}

function waits(job: JobView, { now, muxers }: Around): string {
  const { failure, runAt, createdAt } = job
  const at = `${runAt.slice(0, 19).replace('T', ' ')} UTC`
  // A clock behind the controller's does not put off a job that nobody has.
  if (Date.parse(runAt) > now.getTime() && runAt > createdAt)
    return failure === null
      ? `waits until ${at}`
      : `waits until ${at} to be tried again: ${failure.detail}`
  const before = failure === null ? '' : `; failed before: ${failure.detail}`
  if (muxers === undefined) return `waits since ${at}${before}`
  // The reason first: a terminal cuts the end off.
  return `waits: ${whatItWaitsFor(job, muxers)}${before}; since ${at}`
}
