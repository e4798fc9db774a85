import { exitCodes } from '../../errors.ts'
import type { Tools } from '../../tools.ts'
import { visible } from '../../ui/visible.ts'
import { type ConnectOptions, connect } from '../controller/connect.ts'
import { readJobId } from './job-id.ts'

interface LogOptions extends ConnectOptions {
  readonly id: string
}

/** What ffmpeg last wrote, attempt by attempt. */
export async function log(tools: Tools, options: LogOptions): Promise<number> {
  const id = readJobId(options.id)
  const { client } = await connect(tools, options)
  const text = await client.log(id)
  // ffmpeg quotes titles and file names of a video.
  tools.ui.answer(text.split('\n').map(visible).join('\n'))
  return exitCodes.done
}
