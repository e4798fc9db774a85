import type { JobView, Throughput } from '../../../protocol/views.ts'
import { endOf } from '../words/job-state.ts'
import type { Asked } from './use-asked.ts'
import { useAskedOften } from './use-asked-often.ts'

const hasEnded = (job: JobView): boolean => endOf(job) !== undefined

/** What ended in each of the last hours. */
export function useThroughput(hours: number): Asked<Throughput> {
  return useAskedOften(`/v1/throughput?hours=${hours}`, hasEnded)
}
