import { setTimeout as sleep } from 'node:timers/promises'
import { ControllerAway, type ControllerClient } from '../../controller/client/controller-client.ts'
import { exitCodes, UserError } from '../../errors.ts'
import type { JobView } from '../../protocol/views.ts'
import type { Tools } from '../../tools.ts'
import type { BarDisplay } from '../../ui/ui.ts'
import { type Around, isOver, lookAround, progressOf } from './show-jobs.ts'

const lookEveryMs = 1000
/** Many jobs are looked at less often: the controller limits what one address may ask. */
const perJobMs = 60

/**
 * Shows how far each job is until all are over, through restarts of the controller too. Ctrl-C ends
 * the waiting, not the jobs.
 */
export async function waitForJobs(
  tools: Tools,
  client: ControllerClient,
  submitted: readonly JobView[],
): Promise<readonly JobView[]> {
  const { ui, signal } = tools
  const jobs = [...submitted]
  const bars = ui.bars(jobs.map(({ id, path }) => `job ${id} ${path}`))
  let away = ''
  let around: Around = { now: tools.now(), muxers: undefined }
  for (const [index, job] of jobs.entries()) show(bars, index, job, around)
  while (!signal.aborted && !jobs.every(isOver)) {
    await sleep(Math.max(lookEveryMs, jobs.length * perJobMs), undefined, { signal }).catch(
      () => undefined,
    )
    try {
      around = await lookAround(tools, client, jobs)
      for (const [index, { id, ...job }] of jobs.entries()) {
        if (isOver(job) || signal.aborted) continue
        const now = (await client.job(id)).job
        jobs[index] = now
        show(bars, index, now, around)
      }
      away = ''
    } catch (error) {
      if (signal.aborted) break
      // The jobs go on meanwhile.
      if (!(error instanceof ControllerAway)) {
        await bars.end()
        if (!(error instanceof UserError)) throw error
        // Not as if nothing had been done: they were submitted.
        const { message, hint } = error
        throw new UserError(message, { hint, exitCode: exitCodes.needsHands, cause: error })
      }
      if (away === '') bars.note(`${error.message}; still waiting`)
      away = error.message
    }
  }
  await bars.end()
  const left = jobs.filter((job) => !isOver(job)).map(({ id }) => id)
  if (left.length > 0)
    ui.say(
      `no longer waiting; the jobs go on: ${left.join(' ')}. To stop one: pifarm jobs cancel ${left[0]}`,
    )
  return jobs
}

function show(bars: BarDisplay, index: number, job: JobView, around: Around): void {
  if (job.state === 'done') bars.done(index)
  else if (isOver(job)) bars.fail(index, job.failure?.detail || job.state)
  else {
    // A bar of nothing would take the room of why it waits.
    const percent = job.state === 'queued' ? undefined : (job.progress?.percent ?? 0)
    bars.at(index, percent, progressOf(job, around))
  }
}
