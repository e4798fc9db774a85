import { useEffect, useState } from 'preact/hooks'
import type { JobState, JobView } from '../../../protocol/views.ts'
import { ask, asRefusal, type Refusal } from './ask.ts'
import { freshness, hearJobs } from './live.ts'

export interface JobFilter {
  readonly state: JobState | ''
  readonly q: string
  readonly limit: number
}

interface Page {
  readonly jobs: readonly JobView[]
  readonly next: string | null
}

export interface JobList extends Page {
  /** The first page is still on its way. */
  readonly isLoading: boolean
  readonly refusal: Refusal | undefined
  more(): Promise<void>
}

const nothing: Page = { jobs: [], next: null }

/** The newest jobs that match, a page at a time, kept up to date by what the controller tells. */
export function useJobs({ state, q, limit }: JobFilter): JobList {
  const [page, setPage] = useState<Page>()
  const [refusal, setRefusal] = useState<Refusal>()
  const fresh = freshness.value

  const fetchPage = (cursor: string): Promise<Page> => {
    const query = Object.entries({ state, q, cursor, limit: String(limit) })
    const given = query.filter(([, value]) => value !== '')
    return ask('GET', `/v1/jobs?${new URLSearchParams(given)}`)
  }

  // Each freshness wants a new fetch.
  useEffect(() => {
    let isCurrent = true
    fetchPage('').then(
      (first) => {
        if (!isCurrent) return
        setPage(first)
        setRefusal(undefined)
      },
      (error) => isCurrent && setRefusal(asRefusal(error)),
    )
    const unhear = hearJobs((job) => setPage((known) => known && merged(known, job, { state, q })))
    return () => {
      isCurrent = false
      unhear()
    }
  }, [state, q, limit, fresh])

  return {
    ...(page ?? nothing),
    isLoading: page === undefined && refusal === undefined,
    refusal,
    more: async () => {
      if (page?.next == null) return
      const older = await fetchPage(page.next)
      setPage((known) => ({ jobs: [...(known?.jobs ?? []), ...older.jobs], next: older.next }))
    },
  }
}

function merged(page: Page, job: JobView, { state, q }: Pick<JobFilter, 'state' | 'q'>): Page {
  const others = page.jobs.filter(({ id }) => id !== job.id)
  const isWanted =
    (state === '' || job.state === state) && job.path.toLowerCase().includes(q.toLowerCase())
  // One that is older than what was fetched comes with its own page.
  const oldest = page.jobs.at(-1)
  const isOlder = page.next !== null && oldest !== undefined && Number(job.id) < Number(oldest.id)
  if (!isWanted || isOlder) return { ...page, jobs: others }
  const jobs = [...others, job].sort((one, other) => Number(other.id) - Number(one.id))
  return { ...page, jobs }
}
