import { muxers } from '../live/live.ts'
import { useJobs } from '../live/use-jobs.ts'
import { JobRow } from '../parts/job-row.tsx'
import { MuxerCard } from '../parts/muxer-card.tsx'
import { Numbers } from '../parts/numbers.tsx'
import { ThroughputPlot } from '../parts/throughput-plot.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { ViewTitle } from '../parts/view-title.tsx'

const shown = 6
const counted = 500

/** The farm at a glance. */
export function FarmView() {
  const queue = useJobs({ state: 'queued', q: '', limit: counted })
  const next = [...queue.jobs]
    .sort((one, other) => other.priority - one.priority || Number(one.id) - Number(other.id))
    .slice(0, shown)
  return (
    <>
      <ViewTitle text="Farm">
        <a class="button primary" href="#/submit">
          Submit a video
        </a>
      </ViewTitle>
      <Numbers waiting={queue.jobs.length} isMore={queue.next !== null} />
      <section aria-labelledby="pis">
        <h2 id="pis">Raspberry Pis</h2>
        <Muxers />
      </section>
      <div class="halves">
        <section aria-labelledby="next">
          <h2 id="next">Next in the queue</h2>
          <Trouble refusal={queue.refusal} />
          {next.length === 0 && !queue.isLoading && queue.refusal === undefined && (
            <p class="empty">
              Nobody waits. <a href="#/submit">Submit a video</a>, or let{' '}
              <code>pifarm controller --watch-folder</code> do it.
            </p>
          )}
          <ol class="rows">
            {next.map((job) => (
              <JobRow key={job.id} job={job} />
            ))}
          </ol>
          {queue.jobs.length > shown && <a href="#/jobs?state=queued">All that wait</a>}
        </section>
        <ThroughputPlot />
      </div>
    </>
  )
}

function Muxers() {
  const known = muxers.value
  if (known === undefined) return <p class="empty">Asking the controller…</p>
  if (known.size === 0)
    return (
      <p class="empty">
        No Pi has come yet. An agent appears here as soon as it asks for work: add a Pi with{' '}
        <code>pifarm add-pi</code>, and see that its agent runs.
      </p>
    )
  return (
    <ul class="cards">
      {[...known.values()].map((muxer) => (
        <MuxerCard key={muxer.id} muxer={muxer} />
      ))}
    </ul>
  )
}
