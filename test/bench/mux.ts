import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { videoArgs } from '../../src/agent/mux/encoder-args.ts'
import type { EncoderAbility } from '../../src/agent/mux/mux-order.ts'
import { muxSettings } from '../../src/protocol/job.ts'
import { x264 } from '../agent/mux/x264.ts'
import { type Cost, type JobCost, jobCost, type Work } from './job-cost.ts'
import { median, type Row, time } from './measure.ts'

const agent = fileURLToPath(new URL('../../dist/agent.mjs', import.meta.url))
const freeEncoder = fileURLToPath(new URL('free-encoder.js', import.meta.url))
const pairs = 5
const gop = 50
const hardware: EncoderAbility = {
  ...x264,
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

/** All that a rendition's sound is. */
const sound = ['-c:a', 'aac', '-ac', '2', '-ar', '48000', '-b:a', '128k']
/** In seconds: with x264 a short one takes long enough, without it the starts of programs would count. */
const [short, long] = [24, 60]

/**
 * The agent beside what HLS-Stream-Creator runs for the same renditions: one ffmpeg each, all at once,
 * each decoding the source. Once with x264, and with an encoder that costs nothing, as a Pi's does.
 *
 * Held against the bars is equal work: a job of the agent from its start to the last rendition, its
 * looks at the source and at each rendition included. What only the agent does after that (poster,
 * preview sheets, master playlist, verification, which decodes twelve seconds of each rendition) is
 * in the rows of the whole job, beside the same renditions of the peer.
 */
export async function mux(): Promise<Row[]> {
  const dir = await mkdtemp(join(process.env.BENCH_DIR ?? tmpdir(), 'pifarm-bench-'))
  try {
    await makeVideos(dir)
    const soft = await sideBySide(dir, 'short.mp4', x264)
    const h264 = await sideBySide(dir, 'h264.mp4', hardware)
    const mpeg2 = await sideBySide(dir, 'mpeg2.ts', hardware)
    return [
      ...rows('x264', soft, { cpu: 0.95, wall: 1, memory: 0.8 }),
      ...rows('free encoder, H.264', h264, { cpu: 0.6 }),
      ...rows('free encoder, MPEG-2', mpeg2, { cpu: 0.6 }),
    ]
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

type Bars = Readonly<Partial<Record<keyof Cost, number>>>

function rows(encoder: string, { part, job, theirs }: Compared, bars: Bars): Row[] {
  const kinds = { cpu: 'CPU', wall: 'wall', memory: 'memory' } as const
  const told = (kind: keyof Cost, cost: Cost) =>
    kind === 'memory' ? `${Math.round(cost.memory)} MB` : time(cost[kind])
  return (['cpu', 'wall', 'memory'] as const).flatMap((kind) => {
    const bar = bars[kind]
    if (bar === undefined) return []
    const row = (what: string, ours: Cost): Row => ({
      what: `mux, ${encoder}, ${what}: ${kinds[kind]}`,
      pifarm: told(kind, ours),
      peer: `ffmpeg x${renditions.length}: ${told(kind, theirs)}`,
      ratio: ours[kind] / theirs[kind],
    })
    return [{ ...row('renditions', part), bar }, row('whole job', job)]
  })
}

/** Something between a film and a test card: it moves, and it has grain. */
async function makeVideos(dir: string): Promise<void> {
  for (const name of ['media', 'scratch', 'kept', 'bin', 'theirs']) await mkdir(join(dir, name))
  const picture = `testsrc2=s=1280x720:r=25:d=${long},noise=alls=8:allf=t`
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', `sine=d=${long}`]
  const common = ['-nostdin', '-loglevel', 'error', ...inputs, '-pix_fmt', 'yuv420p']
  const h264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-b:v', '5M', '-c:a', 'aac']
  await execa('ffmpeg', [...common, ...h264, join(dir, 'media/h264.mp4')])
  const cut = ['-i', join(dir, 'media/h264.mp4'), '-t', `${short}`, '-c', 'copy']
  await execa('ffmpeg', ['-nostdin', '-loglevel', 'error', ...cut, join(dir, 'media/short.mp4')])
  const mpeg2 = ['-c:v', 'mpeg2video', '-b:v', '8M', '-c:a', 'mp2']
  await execa('ffmpeg', [...common, ...mpeg2, join(dir, 'media/mpeg2.ts')])
  const kept = join(dir, 'kept')
  const script = `#!/bin/sh\nPATH='${process.env.PATH}'
case " $* " in
*' ${hardware.name} '*)
  test -e '${kept}/again' && exec sh '${kept}/again'
  exec '${process.execPath}' '${freeEncoder}' '${kept}' "$@" ;;
esac
exec ffmpeg "$@"\n`
  await writeFile(join(dir, 'bin/ffmpeg'), script, { mode: 0o755 })
}

interface Compared {
  /** The agent's, until the renditions were there. */
  readonly part: Cost
  readonly job: Cost
  readonly theirs: Cost
}

async function sideBySide(dir: string, video: string, encoder: EncoderAbility): Promise<Compared> {
  await rm(join(dir, 'kept'), { recursive: true })
  await mkdir(join(dir, 'kept'))
  const jobs: JobCost[] = []
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
    if (isFirst) jobs.push(await measureOurs())
    theirs.push(await measureTheirs())
    if (!isFirst) jobs.push(await measureOurs())
  }
  const parts = jobs.map((each) => each.part)
  return { part: medianOf(parts), job: medianOf(jobs), theirs: medianOf(theirs) }
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
    // What it says when all renditions are where they belong.
    mark: '"step":"pictures"',
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
    ...sound,
    ...['-f', 'segment', '-segment_format', 'mpegts', '-segment_time', '6'],
    ...['-segment_list', `manifest_${kbps}.m3u8`, `media_${kbps}_%05d.ts`],
  ]
  const free = ['-c:v', 'wrapped_avframe', ...sound, '-f', 'null', '-']
  return {
    argv: [
      ...['ffmpeg', '-nostdin', '-loglevel', 'error', '-y', '-i', join(dir, 'media', video)],
      ...['-map', '0:v', '-map', '0:a', '-vf', `scale=${width}:${height}:flags=bicubic`],
      ...(encoder.hardware ? free : encoded),
    ],
    cwd: join(dir, 'theirs'),
  }
}
