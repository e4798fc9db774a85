import { exitCodes } from '../../errors.ts'
import type { MuxerView } from '../../protocol/views.ts'
import type { Tools } from '../../tools.ts'
import type { Fit } from '../../ui/fit-table.ts'
import { duration } from '../../ui/progress.ts'
import { showTable } from '../../ui/show-table.ts'
import { type ConnectOptions, connect } from '../controller/connect.ts'
import { stateOf } from './state-of.ts'

interface ListOptions extends ConnectOptions {
  readonly json?: true
}

/** The muxers that have ever asked for work. */
export async function list(tools: Tools, options: ListOptions): Promise<number> {
  const { client } = await connect(tools, options)
  const muxers = await client.muxers()
  if (options.json) tools.ui.answer(JSON.stringify(muxers, undefined, 2))
  else if (muxers.length === 0) tools.ui.say('no muxer has asked for work yet')
  else tools.ui.answer(showTable(head, muxers.map(row), { columns: tools.ui.columns, ...fit }))
  return exitCodes.done
}

const head = ['ID', 'HOST', 'MODEL', 'SEEN', 'TEMP', 'ENCODERS', 'STATE', 'JOB']
const fit: Omit<Fit, 'columns'> = {
  shortens: { HOST: 'middle', MODEL: 'end', ENCODERS: 'end', STATE: 'end', JOB: 'middle' },
  leavesOut: ['ENCODERS', 'MODEL', 'TEMP'],
}

function row(muxer: MuxerView): string[] {
  const { job, state } = muxer
  return [
    muxer.id,
    muxer.hostname || '-',
    muxer.model || '-',
    `${duration(muxer.lastSeenSecondsAgo)} ago`,
    state.celsius === null
      ? '-'
      : `${state.celsius.toFixed(0)} C${state.throttled ? ' throttled' : ''}`,
    muxer.capabilities.encoders.join(' ') || '-',
    stateOf(muxer),
    job === null ? '-' : `${job.id} ${job.path} ${Math.floor(job.progress?.percent ?? 0)} %`,
  ]
}
