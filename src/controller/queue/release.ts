import type { Release } from '../../protocol/agent-api.ts'
import { endAttempt, leasedJob, noLease } from './end-attempt.ts'
import type { Queue } from './queue.ts'
import { leaseLost } from './refused.ts'

/** Takes a job back from a muxer without a fault of the job: it may be claimed at once, or is cancelled where that was asked. */
export async function releaseLease(
  queue: Queue,
  id: number,
  muxer: string,
  { token, why }: Release,
): Promise<void> {
  const { db, bulletin } = queue
  await db.write(async (trx) => {
    const job = await leasedJob(queue, trx, id, muxer, token)
    if (job === undefined) throw leaseLost(id)
    const isCancelled = job.cancel_requested === 1
    await endAttempt(queue, trx, job, {
      outcome: isCancelled ? 'cancelled' : 'released',
      detail: why,
    })
    await trx
      .updateTable('jobs')
      .set({
        ...noLease,
        ...(isCancelled
          ? { state: 'cancelled', ended_at: db.now, cancel_requested: 0 }
          : { state: 'queued', run_at: db.now }),
      })
      .where('id', '=', id)
      .execute()
  })
  bulletin.tell({ kind: 'job', id }, { kind: 'muxer', id: muxer }, { kind: 'work' })
}
