import { createInterface } from 'node:readline'
import { exitCodes } from '../../errors.ts'
import { muxJob } from '../share/mux-job.ts'
import type { ShareOrder, ShareWord } from '../share/share-work.ts'
import { tidyFile } from '../share/tidy-file.ts'

/** What the agent runs as its child (src/agent/share/share-child.ts). Not for people. */
export async function shareWork(signal: AbortSignal): Promise<number> {
  const gone = new AbortController()
  signal.addEventListener('abort', () => gone.abort(), { once: true })
  const order = await new Promise<ShareOrder | undefined>((resolve) => {
    const lines = createInterface(process.stdin)
    lines.once('line', (line) => resolve(JSON.parse(line) as ShareOrder))
    lines.once('close', () => {
      gone.abort()
      resolve(undefined)
    })
  })
  if (order === undefined) return exitCodes.usage
  await workOn(order, gone.signal)
  process.stdin.destroy()
  return exitCodes.done
}

async function workOn(order: ShareOrder, signal: AbortSignal): Promise<void> {
  if (order.kind === 'tidy') {
    for (const file of order.files)
      if (!signal.aborted)
        say({ kind: 'tidied', id: file.id, tidied: await tidyFile(order.places, file) })
    return
  }
  const outcome = await muxJob(order.job, {
    ffmpeg: ['ffmpeg'],
    ffprobe: ['ffprobe'],
    signal,
    log: (line) => say({ kind: 'log', line }),
    onProgress: (progress) => say({ kind: 'progress', progress }),
  })
  say({ kind: 'muxed', outcome })
}

function say(word: ShareWord): void {
  process.stdout.write(`${JSON.stringify(word)}\n`)
}
