import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { MediaPrograms } from '../mux/mux-order.ts'
import { type FfmpegProgress, progressReader } from './progress.ts'

export interface FfmpegRun {
  /** After the common options; files are relative to `cwd` or absolute. */
  readonly args: readonly string[]
  readonly cwd: string
  /** What it reads as `pipe:0`. */
  readonly input?: Readable
  /** Without progress for so long it has hung. */
  readonly stallSeconds: number
  /** However it gets on, it is ended then. */
  readonly totalSeconds: number
  onProgress?(progress: FfmpegProgress): void
}

/** How a run ended, which says nothing of what it wrote: ffmpeg ends with 0 on a full disk. */
export interface FfmpegEnd {
  readonly kind: 'ended' | 'failed' | 'hung' | 'stopped'
  readonly argv: readonly string[]
  /** The last of what it wrote to stderr. */
  readonly log: string
}

const keptLog = 65_536
const graceSeconds = 5

/**
 * Runs one ffmpeg in a process group of its own; whatever happens, none of it is left when this
 * returns. `setpriv` ends it too when the agent is killed, which can do nothing about it then.
 */
export async function runFfmpeg(programs: MediaPrograms, run: FfmpegRun): Promise<FfmpegEnd> {
  const common = ['-hide_banner', '-nostdin', '-y', '-loglevel', 'level+warning']
  const telling = ['-nostats', '-stats_period', '1', '-progress', 'pipe:1']
  const argv = [...programs.ffmpeg, ...common, ...telling, ...run.args]
  programs.log(`run: ${argv.join(' ')}`)
  if (programs.signal.aborted) return { kind: 'stopped', argv, log: '' }
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    cwd: run.cwd,
    detached: true,
    env: { ...process.env, LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' },
    stdio: [run.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  })
  // One that ends early, having seen enough, breaks the pipe.
  if (run.input !== undefined && child.stdin !== null)
    pipeline(run.input, child.stdin).catch(() => {})
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => {
    log = (log + piece).slice(-keptLog)
  })
  const { end, touch } = watch(child, run, programs.signal)
  const read = progressReader()
  let last = -1
  child.stdout?.setEncoding('utf8').on('data', (piece: string) => {
    for (const moment of read(piece)) {
      // Blocks come every second even where nothing moves.
      if (moment.outSeconds > last) touch()
      last = Math.max(last, moment.outSeconds)
      run.onProgress?.(moment)
    }
  })
  const kind = await end
  return { kind, argv, log }
}

function watch(child: ChildProcess, run: FfmpegRun, signal: AbortSignal) {
  let ending: 'hung' | 'stopped' | undefined
  let forced: NodeJS.Timeout | undefined
  const begin = (why: 'hung' | 'stopped') => {
    if (ending !== undefined) return
    ending = why
    toGroup(child, 'SIGTERM')
    forced = setTimeout(() => toGroup(child, 'SIGKILL'), graceSeconds * 1000)
  }
  const stop = () => begin('stopped')
  const hung = () => begin('hung')
  signal.addEventListener('abort', stop, { once: true })
  const total = setTimeout(hung, Math.min(run.totalSeconds * 1000, 2 ** 31 - 1))
  const stall = setTimeout(hung, run.stallSeconds * 1000)
  const end = new Promise<FfmpegEnd['kind']>((resolve) => {
    const settle = (code: number | null) => {
      for (const timer of [total, stall, forced]) clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      // Its children end with it: nothing may still be writing when the caller goes on.
      toGroup(child, 'SIGKILL')
      resolve(ending ?? (code === 0 ? 'ended' : 'failed'))
    }
    child.once('close', settle)
    child.once('error', () => settle(null))
  })
  return { end, touch: () => stall.refresh() }
}

function toGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, name)
  } catch {
    // It is gone already.
  }
}
