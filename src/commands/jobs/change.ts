import type { ControllerClient } from '../../controller/client/controller-client.ts'
import { UserError } from '../../errors.ts'
import type { JobView } from '../../protocol/views.ts'
import type { Tools } from '../../tools.ts'
import { type ConnectOptions, connect } from '../controller/connect.ts'
import { eachOf } from '../each-of.ts'
import { readJobId } from './job-id.ts'
import { namingFlag } from './naming-flag.ts'

interface ChangeOptions extends ConnectOptions {
  readonly ids: readonly string[]
  readonly json?: true
}

/** Takes jobs back. */
export async function cancel(tools: Tools, options: ChangeOptions): Promise<number> {
  return await changeAll(
    tools,
    options,
    (client, id) => client.cancel(id),
    ({ id, state, leasedBy }) =>
      state === 'cancelled'
        ? `job ${id} is cancelled`
        : `job ${id} will be cancelled: muxer ${leasedBy} is told to stop`,
  )
}

const toBeReplaced = namingFlag(
  (message, flag) =>
    new UserError(message, { hint: `submit its file again with ${flag} to make it anew` }),
)

/** Gives jobs another chance. */
export async function retry(tools: Tools, options: ChangeOptions): Promise<number> {
  return await changeAll(
    tools,
    options,
    (client, id) => client.retry(id).catch(toBeReplaced),
    ({ id, wasQueued }) =>
      wasQueued
        ? `job ${id} is queued already, and can be taken at once`
        : `job ${id} is queued again`,
  )
}

async function changeAll<T extends JobView>(
  tools: Tools,
  options: ChangeOptions,
  change: (client: ControllerClient, id: string) => Promise<T>,
  tell: (job: T) => string,
): Promise<number> {
  const { ui } = tools
  const ids = options.ids.map(readJobId)
  const { client } = await connect(tools, options)
  const { done, exitCode } = await eachOf(tools, ids, async (id) => {
    const job = await change(client, id)
    if (!options.json) ui.say(tell(job))
    return job
  })
  if (options.json) ui.answer(JSON.stringify(done, undefined, 2))
  return exitCode
}
