import { createHash } from 'node:crypto'
import { mkdir, realpath, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { exitCodes, UserError } from '../../errors.ts'
import { mediaPath, muxSettings } from '../../protocol/job.ts'
import type { AgentCommand } from '../cli.ts'
import { muxVideo } from '../mux/mux-video.ts'
import { probeHere } from './probe.ts'

type Once = Extract<AgentCommand, { kind: 'once' }>

/** Muxes one file of this machine. Asked again after it was cut off, it goes on where it was. */
export async function once(options: Once, signal: AbortSignal): Promise<number> {
  const input = await existing(options.input, 'input')
  const parent = await existing(dirname(resolve(options.output)), 'directory of the output')
  const name = basename(resolve(options.output))
  if (!mediaPath.safeParse(name).success)
    throw new UserError(`the output ${JSON.stringify(name)} is no name for a directory of HLS`)
  const output = join(parent, name)
  const jobId = createHash('sha256').update(`${input}\n${output}`).digest('hex').slice(0, 32)
  const scratch = options.scratch ?? join(parent, `.hls-muxer-${jobId}`)
  await mkdir(scratch, { recursive: true })
  try {
    const outcome = await muxVideo(
      {
        jobId,
        input,
        output,
        mediaDir: parent,
        scratch,
        settings: muxSettings.parse({
          ladder: options.ladder,
          segments: options.segments,
          encrypt: options.encrypt,
          onExists: options.replace ? 'replace' : 'fail',
        }),
        machine: await probeHere(options.hwdec, signal),
      },
      {
        ffmpeg: ['ffmpeg'],
        ffprobe: ['ffprobe'],
        signal,
        log: tell,
        onProgress: progressTeller(),
      },
    )
    if (outcome.kind === 'stopped') return exitCodes.interrupted
    process.stdout.write(
      `${JSON.stringify(outcome.kind === 'done' ? outcome.result : outcome, undefined, 2)}\n`,
    )
    return outcome.kind === 'done' ? exitCodes.done : exitCodes.putBack
  } finally {
    if (options.scratch === undefined) await rm(scratch, { recursive: true, force: true })
  }
}

async function existing(path: string, what: string): Promise<string> {
  const found = await realpath(path).catch(() => undefined)
  if (found === undefined || (await stat(found).catch(() => undefined)) === undefined)
    throw new UserError(`there is no ${what} ${JSON.stringify(path)}`)
  return found
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** A line for each percent and step. */
function progressTeller() {
  let last = ''
  return (progress: {
    readonly step: string
    readonly percent: number
    readonly etaSeconds: number | null
  }) => {
    const { step, percent, etaSeconds } = progress
    const line = `${Math.floor(percent)} % ${step}`
    if (line === last) return
    last = line
    tell(etaSeconds === null ? line : `${line}, about ${etaSeconds} s to go`)
  }
}
