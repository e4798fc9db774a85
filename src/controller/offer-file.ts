import { submission } from '../protocol/views.ts'
import { isDatabaseGone } from './db/database-gone.ts'
import type { MediaDir } from './media-dir.ts'
import { problemIn } from './problem-in.ts'
import { isLive, type JobRow } from './queue/job-view.ts'
import { newestJob } from './queue/newest-job.ts'
import type { Queue } from './queue/queue.ts'
import { submit } from './queue/submit.ts'
import type { Watched } from './watched-files.ts'

/** What becomes of a file that is the same at two looks. */
export interface Offered {
  /** For as long as it stays as it is; else it is offered again at the next look. */
  readonly isSettled: boolean
  /** The number of the job that was made of it. */
  readonly job?: number
  /** What is in the way, as the rest of a sentence. */
  readonly problem?: string
}

const settled: Offered = { isSettled: true }
const open: Offered = { isSettled: false }

/** Submits a video, unless there is a job of it, or HLS. `isAnother`: it took the place of one that lay there before. */
export async function offerFile(
  queue: Queue,
  media: MediaDir,
  file: Watched,
  isAnother: boolean,
): Promise<Offered> {
  try {
    const hls = await media.hlsMadeAt(file.path)
    if (hls !== undefined && hls >= file.changed) return settled
    await media.file(file.path)
    const job = await newestJob(queue.db, file.path)
    if (job !== undefined && isMadeOf(job, file, isAnother)) return settled
    if (job !== undefined && isLive(job)) return open
    if (hls === undefined) return await submitted(queue, file)
    return isAnother || file.written > hls || job?.source ? hasOldHls : settled
  } catch (error) {
    if (isDatabaseGone(error)) throw error
    return { isSettled: false, problem: problemIn(error, (why) => `is skipped: ${why}`) }
  }
}

/** Nobody but a person replaces what may be watched at this moment. */
const hasOldHls: Offered = {
  isSettled: true,
  problem:
    'is skipped: there is HLS of what it was before; to make it anew: pifarm jobs submit --replace',
}

/** Of a job that nobody noted a version for, dates are all there is. */
function isMadeOf({ source, created_at }: JobRow, file: Watched, isAnother: boolean): boolean {
  if (source !== null) return source === file.version
  return !isAnother && created_at >= Math.floor(file.written)
}

async function submitted(queue: Queue, { path, version }: Watched): Promise<Offered> {
  const { job, isNew } = await submit(queue, submission.parse({ path }), { source: version })
  return isNew ? { isSettled: true, job: job.id } : open
}
