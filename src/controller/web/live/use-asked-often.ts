import { useEffect } from 'preact/hooks'
import type { JobView } from '../../../protocol/views.ts'
import { hearJobs } from './live.ts'
import { type Asked, useAsked } from './use-asked.ts'

const againMs = 60_000
/** Jobs that change together ask once. */
const gatherMs = 500

/** What one GET answers; asked again when a job changes that matters to it, and as time goes by. */
export function useAskedOften<T>(path: string, matters: (job: JobView) => boolean): Asked<T> {
  const asked = useAsked<T>(path)
  const { again } = asked
  // `again` is new each time and always the same.
  useEffect(() => {
    let gathering: ReturnType<typeof setTimeout> | undefined
    const timer = setInterval(again, againMs)
    const unhear = hearJobs((job) => {
      if (!matters(job)) return
      gathering ??= setTimeout(() => {
        gathering = undefined
        again()
      }, gatherMs)
    })
    return () => {
      clearInterval(timer)
      clearTimeout(gathering)
      unhear()
    }
  }, [])
  return asked
}
