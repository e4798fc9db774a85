import { rm } from 'node:fs/promises'
import type { FailureReason } from '../../protocol/job.ts'
import { ownStream } from '../ffmpeg/input-args.ts'
import type { FfmpegEnd } from '../ffmpeg/run-ffmpeg.ts'
import {
  filterGraph,
  hlsArgs,
  soundCopyArgs,
  sourceArgs,
  threadArgs,
  threadsBefore,
  videoArgs,
} from './encoder-args.ts'
import { finishedBy, finishRendition } from './finish-rendition.ts'
import { firstPass } from './first-pass.ts'
import type { EncoderAbility, MachineCapabilities } from './mux-order.ts'
import { failElsewhere, ffmpegOf, MuxFailure, type MuxRun } from './mux-run.ts'
import type { RenditionPlan, VideoPlan } from './plan-mux.ts'
import { stagedSound } from './stage-sound.ts'
import { makingDir } from './workspace.ts'

/** One way to encode: the next is taken for what the one before could not do. */
export interface Attempt {
  readonly encoder: EncoderAbility
  readonly decoder: string | undefined
  /** Renditions in one process, which decodes once for all of them. */
  readonly atOnce: number
}

interface Trouble {
  readonly reason: FailureReason
  readonly detail: string
  readonly end: FfmpegEnd
}

/** Makes every rendition that no earlier attempt finished. Answers which ways to encode it had to give up. */
export async function encodeRenditions(run: MuxRun, video: VideoPlan): Promise<readonly string[]> {
  const fallbacks: string[] = []
  let trouble: Trouble | undefined
  for (const attempt of attempts(run.order.machine, video.source.codec)) {
    const left = await unfinished(run, video)
    if (left.length === 0) break
    trouble = await encodeAll(run, video, attempt, left)
    if (trouble === undefined) break
    const { decoder, encoder, atOnce } = attempt
    const how = [encoder.name, ...(decoder === undefined ? [] : [`after ${decoder}`]), `x${atOnce}`]
    fallbacks.push(`${how.join(' ')}: ${trouble.detail}`.slice(0, 200))
    run.tools.log(`gave up on ${fallbacks.at(-1)}`)
  }
  const left = await unfinished(run, video)
  if (left.length > 0)
    throw new MuxFailure(
      trouble?.reason ?? 'Unsupported',
      trouble?.detail ?? 'this machine has no encoder that works',
      { ...(trouble === undefined ? {} : { end: trouble.end }) },
    )
  return fallbacks
}

/** Each encoder with the hardware decoder and without, and at the end with one stream at a time. */
function attempts(machine: MachineCapabilities, codec: string): readonly Attempt[] {
  const decoder = machine.decoders.find((each) => each.codec === codec)?.name
  return machine.encoders.flatMap((encoder) => {
    const atOnce = encoder.sessions
    const plain: Attempt = { encoder, decoder: undefined, atOnce }
    const decoding = decoder === undefined ? [] : [{ ...plain, decoder }]
    const singly = encoder.hardware && atOnce > 1 ? [{ ...plain, atOnce: 1 }] : []
    return [...decoding, plain, ...singly]
  })
}

async function unfinished(run: MuxRun, video: VideoPlan): Promise<readonly RenditionPlan[]> {
  const left: RenditionPlan[] = []
  for (const rendition of video.renditions)
    if ((await finishedBy(run, rendition.names)) === undefined) left.push(rendition)
  return left
}

async function encodeAll(
  run: MuxRun,
  video: VideoPlan,
  attempt: Attempt,
  left: readonly RenditionPlan[],
): Promise<Trouble | undefined> {
  const batches: (readonly RenditionPlan[])[] = []
  for (let at = 0; at < left.length; at += attempt.atOnce)
    batches.push(left.slice(at, at + attempt.atOnce))
  const mezzanine = batches.length > 1 ? await firstPass(run, video, attempt) : undefined
  try {
    for (const batch of batches) {
      const done = video.renditions.length - left.length + batches.indexOf(batch) * attempt.atOnce
      const trouble = await encodeBatch(run, { video, attempt, batch, mezzanine, done })
      if (trouble !== undefined) return trouble
    }
    return undefined
  } finally {
    if (mezzanine !== undefined) await rm(mezzanine, { force: true })
  }
}

interface Batch {
  readonly video: VideoPlan
  readonly attempt: Attempt
  readonly batch: readonly RenditionPlan[]
  readonly mezzanine: string | undefined
  /** Renditions before these. */
  readonly done: number
}

async function encodeBatch(run: MuxRun, work: Batch): Promise<Trouble | undefined> {
  const { video, attempt, batch, done } = work
  const { encoder } = attempt
  const dir = await makingDir(run.space)
  try {
    const all = video.renditions.length
    const label = batch.map((each) => `${each.height}p`).join(' ')
    const end = await ffmpegOf(run, {
      args: encodeArgs(run, work),
      cwd: dir,
      onProgress: ({ outSeconds, fps, speed }) => {
        const fraction = (done + batch.length * Math.min(1, outSeconds / run.plan.seconds)) / all
        run.report('renditions', fraction, { rendition: label, encoder: encoder.name, fps, speed })
      },
    })
    if (end.kind !== 'ended') return await troubleOf(run, end, `ffmpeg ${end.kind}`)
    for (const rendition of batch) {
      if (encoder.hardware) await packageRendition(run, dir, rendition)
      const [problem] = await finishRendition(run, dir, rendition.names, {
        encoder: encoder.name,
        argv: end.argv,
      })
      if (problem !== undefined) return await troubleOf(run, end, problem)
    }
    return undefined
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function troubleOf(run: MuxRun, end: FfmpegEnd, detail: string): Promise<Trouble> {
  await failElsewhere(run, end)
  if (end.kind === 'hung') return { reason: 'EncoderHang', detail: 'made no progress', end }
  return { reason: end.kind === 'failed' ? 'FFmpegErr' : 'VerifyFailed', detail, end }
}

function encodeArgs(run: MuxRun, { video, attempt, batch, mezzanine }: Batch): readonly string[] {
  const { encoder, decoder } = attempt
  const { plan, limits, order } = run
  const [track] = plan.sound.kind === 'muxed' ? plan.sound.tracks : []
  // A hardware encoder's stream is packaged later, and then gets its sound.
  const sound = track === undefined || encoder.hardware ? undefined : stagedSound(run, track)
  // What is clean already is not cleaned twice.
  const cleaned = { ...video, source: { ...video.source, isInterlaced: false } }
  const [source, stream, graphOf] =
    mezzanine === undefined
      ? ([sourceArgs(order.input, decoder), `0:${video.source.index}`, video] as const)
      : ([[...lateBy(video), ...ownStream(mezzanine, 'mpegts')], '0:v', cleaned] as const)
  const outputs = batch.flatMap((rendition, at) => {
    const { kbps, names } = rendition
    const common = ['-map', `[r${at}]`, '-t', plan.seconds.toFixed(6), '-fps_mode', 'passthrough']
    const codec = videoArgs(encoder, { kbps, gop: video.gop, preset: limits.preset })
    if (encoder.hardware)
      return [
        ...common,
        ...codec,
        '-muxdelay',
        '0',
        '-muxpreload',
        '0',
        '-f',
        'mpegts',
        raw(names.id),
      ]
    const carried = sound === undefined ? [] : ['-map', '1:a', ...soundCopyArgs(plan)]
    const threads = threadArgs(batch.length, limits.processors)
    return [...common, ...carried, ...codec, ...threads, ...hlsArgs(plan, names)]
  })
  return [
    ...(encoder.hardware ? [] : threadsBefore(limits.processors)),
    ...source,
    ...(sound === undefined ? [] : ownStream(sound, 'aac')),
    ...['-filter_complex', filterGraph(graphOf, stream, batch, encoder.pixelFormat)],
    ...outputs,
  ]
}

/** A copied stream alone in a file begins at 0 there, not where it began beside the sound. */
function lateBy({ source }: VideoPlan): readonly string[] {
  return source.isClean ? ['-itsoffset', source.offset.toFixed(6)] : []
}

function raw(id: string): string {
  return `raw_${id}.ts`
}

/**
 * The Pi's encoder gives its parameter sets once, at the start. ffmpeg's TS muxer puts them before each
 * IDR, but only of a picture without a delimiter; hence that goes. Added by another filter they would
 * come before the delimiter, where decoders do not look.
 */
async function packageRendition(run: MuxRun, dir: string, { names }: RenditionPlan): Promise<void> {
  const { plan } = run
  const [track] = plan.sound.kind === 'muxed' ? plan.sound.tracks : []
  const sound = track === undefined ? [] : ownStream(stagedSound(run, track), 'aac')
  await ffmpegOf(run, {
    args: [
      ...ownStream(raw(names.id), 'mpegts'),
      ...sound,
      ...['-map', '0:v', '-c:v', 'copy', '-bsf:v', 'h264_metadata=aud=remove'],
      ...(track === undefined ? [] : ['-map', '1:a', ...soundCopyArgs(plan)]),
      ...hlsArgs(plan, names),
    ],
    cwd: dir,
  })
  await rm(`${dir}/${raw(names.id)}`, { force: true })
}
