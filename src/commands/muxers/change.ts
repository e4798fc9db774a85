import { muxerId } from '../../protocol/job.ts'
import type { Tools } from '../../tools.ts'
import { type ConnectOptions, connect } from '../controller/connect.ts'
import { eachOf } from '../each-of.ts'
import { flag } from '../pi-options.ts'
import { stateOf } from './state-of.ts'

interface ChangeOptions extends ConnectOptions {
  readonly ids: readonly string[]
  readonly json?: true
}

/** Lets muxers finish their job and gives them no other. */
export async function drain(tools: Tools, options: ChangeOptions): Promise<number> {
  return await changeAll(tools, options, 'drain')
}

/** Gives muxers jobs again, also those that were set aside. */
export async function resume(tools: Tools, options: ChangeOptions): Promise<number> {
  return await changeAll(tools, options, 'resume')
}

async function changeAll(
  tools: Tools,
  options: ChangeOptions,
  what: 'drain' | 'resume',
): Promise<number> {
  const { ui } = tools
  const ids = options.ids.map((id) => flag('muxer', muxerId, id) ?? id)
  const { client } = await connect(tools, options)
  const { done, exitCode } = await eachOf(tools, ids, async (id) => {
    const muxer = await client.changeMuxer(id, what)
    if (!options.json) ui.say(`muxer ${id}: ${stateOf(muxer)}`)
    return muxer
  })
  if (options.json) ui.answer(JSON.stringify(done, undefined, 2))
  return exitCode
}
