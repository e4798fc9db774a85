import type { Upcoming } from '../../../protocol/views.ts'
import type { Asked } from '../live/use-asked.ts'
import { JobRow } from './job-row.tsx'
import { Trouble } from './trouble.tsx'

/** What is claimed next. */
export function UpcomingJobs({ asked }: { asked: Asked<Upcoming> }) {
  const { answer, refusal } = asked
  const jobs = answer?.jobs ?? []
  const others = (answer?.waiting ?? 0) - jobs.length
  return (
    <section aria-labelledby="next">
      <h2 id="next">Next in the queue</h2>
      <Trouble refusal={refusal} />
      {answer?.waiting === 0 && (
        <p class="empty">
          Nobody waits. <a href="#/submit">Submit a video</a>, or let{' '}
          <code>pifarm controller --watch-folder</code> do it.
        </p>
      )}
      <ol class="rows">
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </ol>
      {others > 0 && <a href="#/jobs?state=queued">{others} more wait</a>}
    </section>
  )
}
