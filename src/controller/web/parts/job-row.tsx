import type { JobView } from '../../../protocol/views.ts'
import { jobStanding } from '../words/job-state.ts'
import { instant } from '../words/time.ts'
import { Badge } from './badge.tsx'
import { PathName } from './path-name.tsx'
import { ProgressBar } from './progress-bar.tsx'

/** One job in a list: all of it leads to its story. */
export function JobRow({ job }: { job: JobView }) {
  return (
    <li class="row">
      <div class="row-head">
        <a class="row-link" href={`#/jobs/${job.id}`}>
          <PathName path={job.path} />
        </a>
        <Badge {...jobStanding[job.state]} />
      </div>
      {job.state === 'leased' && <ProgressBar of={job.path} progress={job.progress} />}
      <p class="row-facts">{factsOf(job).join(' · ')}</p>
    </li>
  )
}

function factsOf(job: JobView): readonly string[] {
  const { state, muxer, leasedBy, attempts, failure, endedAt, createdAt, priority, runAt } = job
  const isLater = Date.parse(runAt) > Date.now()
  return [
    `job ${job.id}`,
    endedAt === null ? `submitted ${instant(createdAt)}` : `ended ${instant(endedAt)}`,
    ...(leasedBy === null ? [] : [`on muxer ${leasedBy}`]),
    ...(muxer === null || muxer === leasedBy ? [] : [`only for muxer ${muxer}`]),
    ...(state === 'queued' && priority !== 50 ? [`priority ${priority}`] : []),
    ...(state === 'queued' && isLater ? [`not before ${instant(runAt)}`] : []),
    ...(attempts > 1 ? [`attempt ${attempts}`] : []),
    ...(failure === null || state === 'done' ? [] : [failure.reason]),
  ]
}
