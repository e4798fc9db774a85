import { signal } from '@preact/signals'
import type { JobView } from '../../../protocol/views.ts'
import { endOf } from '../words/job-state.ts'
import { hearJobs } from './live.ts'

/** Read out by screen readers, and shown for a moment. */
export const announced = signal<{ readonly text: string; readonly count: number }>({
  text: '',
  count: 0,
})

let forgetting: ReturnType<typeof setTimeout> | undefined
const shownMs = 8000

export function announce(text: string): void {
  announced.value = { text, count: announced.value.count + 1 }
  clearTimeout(forgetting)
  forgetting = setTimeout(() => {
    announced.value = { ...announced.value, text: '' }
  }, shownMs)
}

/** Says when a job has ended that was not over when it was last heard of. */
export function announceEnds(): () => void {
  const running = new Set<string>()
  return hearJobs((job: JobView) => {
    const end = endOf(job)
    if (end === undefined) running.add(job.id)
    else if (running.delete(job.id)) announce(`${job.path} ${end}`)
  })
}
