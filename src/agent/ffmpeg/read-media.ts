import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { MediaPrograms } from '../mux/mux-order.ts'
import { foreignInput } from './input-args.ts'

/** What ffprobe says of a file, and the sums of its packets. */
export interface ProbedMedia {
  readonly streams: readonly ProbedStream[]
  /** When the first stream begins: ffmpeg takes this for 0. */
  readonly start: number
  /** As the headers say; undefined where they do not. */
  readonly seconds: number | undefined
  readonly packets: ReadonlyMap<number, PacketSums>
}

/** As ffprobe names them. */
export interface ProbedStream {
  readonly index: number
  readonly codec_type?: string
  readonly codec_name?: string
  readonly width?: number
  readonly height?: number
  readonly pix_fmt?: string
  readonly field_order?: string
  readonly sample_aspect_ratio?: string
  readonly r_frame_rate?: string
  readonly avg_frame_rate?: string
  readonly channels?: number
  readonly disposition?: Readonly<Record<string, number>>
  readonly side_data_list?: readonly { readonly rotation?: number }[]
  readonly tags?: Readonly<Record<string, string>>
}

export interface PacketSums {
  readonly packets: number
  readonly bytes: number
  readonly start: number
  readonly end: number
}

export interface ProbeFailed {
  readonly argv: readonly string[]
  readonly log: string
}

/** What the file is by its headers; a failure where ffprobe does not know it. */
export async function readMedia(
  programs: MediaPrograms,
  path: string,
): Promise<ProbedMedia | ProbeFailed> {
  const show = ['-of', 'json', '-show_format', '-show_streams']
  const lines: string[] = []
  const looked = await ffprobe(programs, [...show, ...foreignInput(path)], (line) =>
    lines.push(line),
  )
  if (looked.failed) return looked
  const { streams = [], format = {} } = JSON.parse(lines.join('\n')) as {
    streams?: ProbedStream[]
    format?: { start_time?: string; duration?: string }
  }
  const packets = new Map<number, PacketSums>()
  const entries = 'packet=stream_index,pts_time,dts_time,duration_time,size'
  const scan = ['-of', 'compact=p=0:nk=0', '-show_entries', entries, ...foreignInput(path)]
  // Headers lack bitrates (TS, Matroska) and tell of what was never written (a cut-off file).
  const scanned = await ffprobe(programs, scan, (line) => addPacket(packets, line))
  if (scanned.failed && packets.size === 0) return scanned
  return {
    streams,
    start: number(format.start_time) ?? 0,
    seconds: number(format.duration),
    packets,
  }
}

function addPacket(packets: Map<number, PacketSums>, line: string): void {
  const fields = new Map<string | undefined, string | undefined>()
  for (const each of line.split('|')) {
    const [name, value] = each.split('=')
    fields.set(name, value)
  }
  const field = (name: string) => number(fields.get(name))
  const index = field('stream_index')
  const size = field('size')
  if (index === undefined || size === undefined) return
  const before = packets.get(index) ?? { packets: 0, bytes: 0, start: Infinity, end: -Infinity }
  const time = field('pts_time') ?? field('dts_time')
  packets.set(index, {
    packets: before.packets + 1,
    bytes: before.bytes + size,
    start: Math.min(before.start, time ?? Infinity),
    end: Math.max(before.end, (time ?? -Infinity) + (field('duration_time') ?? 0)),
  })
}

function number(text: string | undefined): number | undefined {
  const value = Number.parseFloat(text ?? '')
  return Number.isFinite(value) ? value : undefined
}

/** An hour: a long film on a slow share is read to its end. */
const limitMs = 3_600_000

async function ffprobe(
  programs: MediaPrograms,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<ProbeFailed & { readonly failed: boolean }> {
  const argv = [...programs.ffprobe, '-hide_banner', '-loglevel', 'error', ...args]
  programs.signal.throwIfAborted()
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...argv], {
    detached: true,
    env: { ...process.env, LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    log = (log + piece).slice(-65_536)
  })
  const kill = () => killGroup(child)
  const timer = setTimeout(kill, limitMs)
  programs.signal.addEventListener('abort', kill, { once: true })
  const code = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
    child.once('error', () => resolve(null))
  })
  for await (const line of createInterface({ input: child.stdout })) onLine(line)
  const failed = (await code) !== 0
  clearTimeout(timer)
  programs.signal.removeEventListener('abort', kill)
  programs.signal.throwIfAborted()
  return { failed, argv, log }
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It is gone already.
  }
}
