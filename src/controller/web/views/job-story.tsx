import { useEffect, useState } from 'preact/hooks'
import type { JobStory, JobView } from '../../../protocol/views.ts'
import { hearJobs } from '../live/live.ts'
import { useAsked } from '../live/use-asked.ts'
import { Attempts } from '../parts/attempts.tsx'
import { Badge } from '../parts/badge.tsx'
import { JobActions } from '../parts/job-actions.tsx'
import { JobFacts } from '../parts/job-facts.tsx'
import { Player } from '../parts/player.tsx'
import { ProgressBar } from '../parts/progress-bar.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { ViewTitle } from '../parts/view-title.tsx'
import { jobStanding } from '../words/job-state.ts'

/** All that is known of one job: how far it is, each attempt at it, and what came out. */
export function JobStoryView({ id }: { id: string }) {
  const { answer, refusal, again } = useAsked<JobStory>(`/v1/jobs/${encodeURIComponent(id)}`)
  const [heard, setHeard] = useState<JobView>()
  // `again` is new each time and always the same.
  useEffect(
    () =>
      hearJobs((job) => {
        if (job.id !== id) return
        setHeard(job)
        again()
      }),
    [id],
  )
  if (answer === undefined)
    return (
      <>
        <ViewTitle text={`Job ${id}`} />
        <Trouble refusal={refusal} />
        {refusal === undefined ? (
          <p class="empty">Asking the controller…</p>
        ) : (
          <p class="empty">
            <a href="#/jobs">All jobs</a>
          </p>
        )}
      </>
    )
  return <Story job={heard ?? answer.job} attempts={answer.attempts} onChange={setHeard} />
}

interface StoryProps extends JobStory {
  onChange(job: JobView): void
}

function Story({ job, attempts, onChange }: StoryProps) {
  return (
    <>
      <ViewTitle text={job.path}>
        <Badge {...jobStanding[job.state]} />
      </ViewTitle>
      {job.state === 'leased' && <ProgressBar of={job.path} progress={job.progress} />}
      {job.failure !== null && job.state !== 'done' && (
        <p class="trouble">
          <strong>{job.failure.reason}.</strong> {job.failure.detail}
        </p>
      )}
      <JobActions job={job} onChange={onChange} />
      {job.state === 'done' && job.result !== null && <Player key={job.id} result={job.result} />}
      <div class="halves">
        <section aria-labelledby="facts">
          <h2 id="facts">The job</h2>
          <JobFacts job={job} />
        </section>
        <section aria-labelledby="attempts">
          <h2 id="attempts">Attempts</h2>
          <Attempts attempts={attempts} />
        </section>
      </div>
    </>
  )
}
