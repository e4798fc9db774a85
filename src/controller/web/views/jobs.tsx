import type { JobState } from '../../../protocol/views.ts'
import { useAction } from '../live/use-action.ts'
import { useJobs } from '../live/use-jobs.ts'
import { ActButton } from '../parts/act-button.tsx'
import { JobRow } from '../parts/job-row.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { ViewTitle } from '../parts/view-title.tsx'
import { goQuietly, linkTo, route } from '../route.ts'
import { jobStanding } from '../words/job-state.ts'

const filters = ['', 'queued', 'leased', 'done', 'failed', 'dead', 'cancelled'] as const

/** All jobs, newest first. */
export function JobsView() {
  const { query } = route.value
  const q = query.get('q') ?? ''
  const state = stateIn(query.get('state'))
  const list = useJobs({ state, q, limit: 50 })
  const more = useAction(list.more)
  return (
    <>
      <ViewTitle text="Jobs">
        <a class="button primary" href="#/submit">
          Submit a video
        </a>
      </ViewTitle>
      <search class="filters">
        <label>
          <span class="unseen">Part of the path</span>
          <input
            type="search"
            placeholder="Part of the path"
            value={q}
            onInput={(event) => goQuietly(linkTo('jobs', { state, q: event.currentTarget.value }))}
          />
        </label>
        <nav class="tabs" aria-label="Jobs by state">
          {filters.map((filter) => (
            <a
              key={filter}
              href={linkTo('jobs', { state: filter, q })}
              aria-current={filter === state ? 'true' : undefined}
            >
              {filter === '' ? 'All' : jobStanding[filter].word}
            </a>
          ))}
        </nav>
      </search>
      <Trouble refusal={list.refusal} />
      {list.isLoading && <p class="empty">Asking the controller…</p>}
      {list.jobs.length === 0 && !list.isLoading && list.refusal === undefined && (
        <Nothing isFiltered={state !== '' || q !== ''} />
      )}
      <ul class="rows" aria-label="Jobs">
        {list.jobs.map((job) => (
          <JobRow key={job.id} job={job} />
        ))}
      </ul>
      {list.next !== null && <ActButton action={more}>Older jobs</ActButton>}
      <Trouble refusal={more.refusal} />
    </>
  )
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered)
    return (
      <p class="empty">
        No job is like that. <a href="#/jobs">Show all jobs</a>
      </p>
    )
  return (
    <p class="empty">
      There are no jobs yet. <a href="#/submit">Submit a video</a>
    </p>
  )
}

function stateIn(text: string | null): JobState | '' {
  return filters.find((filter) => filter === text) ?? ''
}
