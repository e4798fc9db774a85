import * as z from 'zod'
import { exitCodes, quoted } from '../../errors.ts'
import { muxerId } from '../../protocol/job.ts'
import { jobState } from '../../protocol/views.ts'
import type { Tools } from '../../tools.ts'
import { type ConnectOptions, connect } from '../controller/connect.ts'
import { flag } from '../pi-options.ts'
import { lookAround, showJobs } from './show-jobs.ts'

interface ListOptions extends ConnectOptions {
  readonly state?: string
  readonly muxer?: string
  readonly search?: string
  readonly limit: string
  readonly json?: true
}

/** The queue, newest job first. */
export async function list(tools: Tools, options: ListOptions): Promise<number> {
  const filter = {
    state: flag('--state', jobState, options.state),
    muxer: flag('--muxer', muxerId, options.muxer),
    q: flag('--search', z.string().min(1).max(255), options.search),
  }
  const limit = flag('--limit', z.coerce.number().int().min(1).max(1_000_000), options.limit)
  const { client } = await connect(tools, options)
  const jobs = await client.jobs(filter, limit ?? 1)
  if (options.json) tools.ui.answer(JSON.stringify(jobs, undefined, 2))
  else if (jobs.length === 0) tools.ui.say(noJobs(options))
  else tools.ui.answer(showJobs(jobs, await lookAround(tools, client, jobs), tools.ui.columns))
  return exitCodes.done
}

function noJobs({ state, muxer, search }: ListOptions): string {
  const filter = [
    ...(state === undefined ? [] : [`--state ${state}`]),
    ...(muxer === undefined ? [] : [`--muxer ${muxer}`]),
    ...(search === undefined ? [] : [`--search ${quoted(search)}`]),
  ]
  return filter.length === 0
    ? 'there are no jobs yet; to make one: pifarm jobs submit FILE'
    : `no job has ${filter.join(' ')}; all jobs: pifarm jobs list`
}
