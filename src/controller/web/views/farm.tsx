import type { JobView, Upcoming } from '../../../protocol/views.ts'
import { muxers } from '../live/live.ts'
import { useAskedOften } from '../live/use-asked-often.ts'
import { MuxerCard } from '../parts/muxer-card.tsx'
import { Numbers } from '../parts/numbers.tsx'
import { ThroughputPlot } from '../parts/throughput-plot.tsx'
import { UpcomingJobs } from '../parts/upcoming.tsx'
import { ViewTitle } from '../parts/view-title.tsx'

const shown = 6

/** What is claimed next changes when a job comes, is taken or ends, not with its progress. */
const changesQueue = ({ progress }: JobView): boolean => progress === null

/** The farm at a glance. */
export function FarmView() {
  const upcoming = useAskedOften<Upcoming>(`/v1/upcoming?limit=${shown}`, changesQueue)
  return (
    <>
      <ViewTitle text="Farm">
        <a class="button primary" href="#/submit">
          Submit a video
        </a>
      </ViewTitle>
      <Numbers waiting={upcoming.answer?.waiting} />
      <section aria-labelledby="pis">
        <h2 id="pis">Raspberry Pis</h2>
        <Muxers />
      </section>
      <div class="halves">
        <UpcomingJobs asked={upcoming} />
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
