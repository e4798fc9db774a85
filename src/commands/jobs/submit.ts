import { randomUUID } from 'node:crypto'
import { exitCodes, UserError } from '../../errors.ts'
import type { Submission } from '../../protocol/views.ts'
import type { Tools } from '../../tools.ts'
import { visible } from '../../ui/visible.ts'
import { type ConnectOptions, connect } from '../controller/connect.ts'
import { eachOf } from '../each-of.ts'
import { mediaPathOf } from './media-path-of.ts'
import { namingFlag } from './naming-flag.ts'
import { lookAround, showJobs } from './show-jobs.ts'
import { submissionOf, type WishOptions } from './submission-of.ts'
import { waitForJobs } from './wait-for-jobs.ts'
import { whatBecame } from './what-became.ts'

interface SubmitOptions extends ConnectOptions, WishOptions {
  readonly files: readonly string[]
  readonly media?: string
  readonly wait?: true
  readonly json?: true
}

// In the line itself: several are told of one below the other.
const toBeReplaced = namingFlag(
  (message, flag) => new UserError(`${message}: ${flag} makes it anew`),
)

/** Puts videos into the queue; with `--wait` it stays until they are HLS. */
export async function submit(tools: Tools, options: SubmitOptions): Promise<number> {
  const { ui } = tools
  const { client, farm } = await connect(tools, options)
  const media = options.media ?? farm?.controller.media
  const wishes: Submission[] = []
  // All of them before the first is sent: a mistake in the last leaves the queue as it was.
  for (const file of options.files)
    wishes.push(submissionOf(await mediaPathOf(tools.nas, file, media), options, tools.now()))
  const send = async (wish: Submission) => {
    const { job, isNew } = await client.submit(wish, randomUUID()).catch(toBeReplaced)
    const line = `job ${job.id}: ${visible(job.path)}: ${isNew ? 'submitted' : whatBecame(job)}`
    if (job.notTakenOver.length > 0) ui.warn(line)
    else if (!options.json) ui.say(line)
    return job
  }
  const { done, exitCode } = await eachOf(tools, wishes, send, 'submitted')
  const waited = options.wait ? await waitForJobs(tools, client, done) : done
  // What became of the wishes is in the answer to the submission alone.
  const ended = waited.map((job, index) => ({ ...done[index], ...job }))
  if (options.json) ui.answer(JSON.stringify(ended, undefined, 2))
  else if (ended.length > 0)
    ui.answer(showJobs(ended, await lookAround(tools, client, ended), ui.columns))
  if (tools.signal.aborted) return exitCodes.interrupted
  if (options.wait && ended.some(({ state }) => state !== 'done')) return exitCodes.needsHands
  return exitCode
}
