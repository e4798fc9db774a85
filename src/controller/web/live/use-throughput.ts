import { useEffect } from 'preact/hooks'
import type { Throughput } from '../../../protocol/views.ts'
import { endOf } from '../words/job-state.ts'
import { hearJobs } from './live.ts'
import { type Asked, useAsked } from './use-asked.ts'

const againMs = 60_000
/** Jobs that end together are counted together. */
const gatherMs = 1000

/** What ended in each of the last hours; fetched again when a job ends, and as hours go by. */
export function useThroughput(hours: number): Asked<Throughput> {
  const asked = useAsked<Throughput>(`/v1/throughput?hours=${hours}`)
  const { again } = asked
  // `again` is new each time and always the same.
  useEffect(() => {
    let gathering: ReturnType<typeof setTimeout> | undefined
    const timer = setInterval(again, againMs)
    const unhear = hearJobs((job) => {
      if (endOf(job) === undefined) return
      clearTimeout(gathering)
      gathering = setTimeout(again, gatherMs)
    })
    return () => {
      clearInterval(timer)
      clearTimeout(gathering)
      unhear()
    }
  }, [])
  return asked
}
