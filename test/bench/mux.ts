import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { videoArgs } from '../../src/agent/mux/encoder-args.ts'
import type { EncoderAbility } from '../../src/agent/mux/mux-order.ts'
import { muxSettings } from '../../src/protocol/job.ts'
import { type Cost, jobCost, type Work } from './job-cost.ts'
import { median, type Row, time } from './measure.ts'

const agent = fileURLToPath(new URL('../../dist/agent.mjs', import.meta.url))
const freeEncoder = fileURLToPath(new URL('free-encoder.js', import.meta.url))
const pairs = 5
const seconds = 24
const gop = 50
const software: EncoderAbility = {
  name: 'libx264',
  hardware: false,
  pixelFormat: 'yuv420p',
  widthGrid: 2,
  maxSide: null,
  fixedGop: null,
  sessions: 20,
}
const hardware: EncoderAbility = {
  ...software,
  name: 'h264_v4l2m2m',
  hardware: true,
  widthGrid: 64,
  maxSide: 1920,
  sessions: 4,
}
const renditions = [
  { width: 1280, height: 720, kbps: 2500 },
  { width: 960, height: 540, kbps: 1400 },
  { width: 640, height: 360, kbps: 600 },
]

/**
 * A whole job of the agent, from the first look at the file to verified HLS with its pictures, beside
 * what HLS-Stream-Creator runs for the same renditions: one ffmpeg each, all at once, each decoding the
 * source. Once with x264, and with an encoder that costs nothing, as a Pi's does.
 */
export async function mux(): Promise<Row[]> {
  const dir = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'pifarm-bench-'))
  try {
    await makeVideos(dir)
    const soft = await sideBySide(dir, 'h264.mp4', software)
    const h264 = await sideBySide(dir, 'h264.mp4', hardware)
    const mpeg2 = await sideBySide(dir, 'mpeg2.ts', hardware)
    const peer = (text: string) => `ffmpeg x${renditions.length}: ${text}`
    const cpu = ({ ours, theirs }: Pair, what: string, bar: number): Row => ({
      what: `mux, ${what}: CPU`,
      pifarm: time(ours.cpu),
      peer: peer(time(theirs.cpu)),
      ratio: ours.cpu / theirs.cpu,
      bar,
    })
    return [
      cpu(soft, 'x264', 0.95),
      {
        what: 'mux, x264: wall',
        pifarm: time(soft.ours.wall),
        peer: peer(time(soft.theirs.wall)),
        ratio: soft.ours.wall / soft.theirs.wall,
        bar: 1,
      },
      {
        what: 'mux, x264: memory',
        pifarm: `${Math.round(soft.ours.memory)} MB`,
        peer: peer(`${Math.round(soft.theirs.memory)} MB`),
        ratio: soft.ours.memory / soft.theirs.memory,
        bar: 0.8,
      },
      cpu(h264, 'free encoder, H.264', 0.6),
      cpu(mpeg2, 'free encoder, MPEG-2', 0.6),
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Something between a film and a test card: it moves, and it has grain. */
async function makeVideos(dir: string): Promise<void> {
  for (const name of ['media', 'scratch', 'kept', 'bin', 'theirs']) await mkdir(join(dir, name))
  const picture = `testsrc2=s=1280x720:r=25:d=${seconds},noise=alls=8:allf=t`
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=d=${seconds}`]
  const common = ['-nostdin', '-loglevel', 'error', ...inputs, '-pix_fmt', 'yuv420p']
  const h264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '5M', '-c:a', 'aac']
  await execa('ffmpeg', [...common, ...h264, join(dir, 'media/h264.mp4')])
  const mpeg2 = ['-c:v', 'mpeg2video', '-b:v', '8M', '-c:a', 'mp2']
  await execa('ffmpeg', [...common, ...mpeg2, join(dir, 'media/mpeg2.ts')])
  // Only what encodes goes through the stand-in: it takes time of its own.
  const script = `#!/bin/sh\nPATH='${process.env.PATH}'
case " $* " in
*' ${hardware.name} '*) exec '${process.execPath}' '${freeEncoder}' '${join(dir, 'kept')}' "$@" ;;
esac
exec ffmpeg "$@"\n`
  await writeFile(join(dir, 'bin/ffmpeg'), script, { mode: 0o755 })
}

interface Pair {
  readonly ours: Cost
  readonly theirs: Cost
}

async function sideBySide(dir: string, video: string, encoder: EncoderAbility): Promise<Pair> {
  await rm(join(dir, 'kept'), { recursive: true })
  await mkdir(join(dir, 'kept'))
  const ours: Cost[] = []
  const theirs: Cost[] = []
  const measureOurs = async () => {
    const cost = await jobCost([ourWork(dir, video, encoder)])
    await rm(join(dir, 'media', `${video}.hls`), { recursive: true })
    return cost
  }
  const measureTheirs = () =>
    jobCost(renditions.map((each) => theirWork(dir, video, encoder, each)))
  // The first fills the caches, and what the free encoder keeps.
  await measureOurs()
  await measureTheirs()
  for (let pair = 0; pair < pairs; pair++) {
    const isFirst = pair % 2 === 0
    if (isFirst) ours.push(await measureOurs())
    theirs.push(await measureTheirs())
    if (!isFirst) ours.push(await measureOurs())
  }
  return { ours: medianOf(ours), theirs: medianOf(theirs) }
}

function medianOf(costs: readonly Cost[]): Cost {
  const of = (pick: (cost: Cost) => number) => median(costs.map(pick))
  return {
    wall: of((each) => each.wall),
    cpu: of((each) => each.cpu),
    memory: of((each) => each.memory),
  }
}

function ourWork(dir: string, path: string, encoder: EncoderAbility): Work {
  const ladder = {
    mode: 'explicit',
    renditions: renditions.map(({ height, kbps }) => ({ height, kbps })),
  }
  const job = {
    jobId: 'bench',
    path,
    settings: muxSettings.parse({ ladder }),
    mediaDir: join(dir, 'media'),
    scratch: join(dir, 'scratch'),
    stableSeconds: 0,
    machine: { ffmpeg: 'bench', encoders: [encoder], decoders: [], troubles: [] },
  }
  return {
    argv: [process.execPath, agent, 'share-work'],
    line: JSON.stringify({ kind: 'mux', job }),
    path: encoder.hardware ? `${join(dir, 'bin')}:${process.env.PATH}` : (process.env.PATH ?? ''),
    cwd: dir,
  }
}

function theirWork(
  dir: string,
  video: string,
  encoder: EncoderAbility,
  { width, height, kbps }: (typeof renditions)[number],
): Work {
  const encoded = [
    ...videoArgs(encoder, { kbps, gop, preset: 'veryfast' }),
    ...['-c:a', 'aac', '-ac', '2', '-ar', '48000', '-b:a', '128k'],
    ...['-f', 'segment', '-segment_format', 'mpegts', '-segment_time', '6'],
    ...['-segment_list', `manifest_${kbps}.m3u8`, `media_${kbps}_%05d.ts`],
  ]
  const free = ['-c:v', 'wrapped_avframe', '-c:a', 'aac', '-b:a', '128k', '-f', 'null', '-']
  return {
    argv: [
      ...['ffmpeg', '-nostdin', '-loglevel', 'error', '-y', '-i', join(dir, 'media', video)],
      ...['-map', '0:v', '-map', '0:a', '-vf', `scale=${width}:${height}:flags=bicubic`],
      ...(encoder.hardware ? free : encoded),
    ],
    cwd: join(dir, 'theirs'),
  }
}
