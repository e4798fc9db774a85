import { mkdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Attempt } from './encode-renditions.ts'
import { cleaning, sourceArgs, videoArgs } from './encoder-args.ts'
import { failElsewhere, ffmpegOf, freeBytes, type MuxRun } from './mux-run.ts'
import type { VideoPlan } from './plan-mux.ts'

const name = 'first-pass.ts'
const highestKbps = 20_000
/** H.264 of the same rate takes nearly three times as long to decode: made into that they cost more. */
const light = ['mpeg1video', 'mpeg2video']

/**
 * Where several processes would each decode the source, one makes clean H.264 of it first: nothing but
 * the video, progressive and steady, or a copy where it is that already. Answers with its path, or with
 * undefined where the source serves better, or it could not be made: the source serves then, too.
 */
export async function firstPass(
  run: MuxRun,
  video: VideoPlan,
  attempt: Attempt,
): Promise<string | undefined> {
  const { source, fps, gop } = video
  // Deinterlacing is another matter: for a Pi's processor its filter is written in plain C.
  if (light.includes(source.codec) && !source.isInterlaced) return undefined
  const [top] = video.renditions
  const kbps = source.isClean
    ? source.kbps
    : Math.min(highestKbps, Math.max(1.5 * (top?.kbps ?? 0), source.kbps))
  const dir = await roomyDir(run, (kbps * 125 * run.plan.seconds * 11) / 10)
  if (dir === undefined) return undefined
  const path = join(dir, name)
  if (run.tools.signal.aborted) return undefined
  const { encoder, decoder } = attempt
  const size = [`scale=${source.width}:${source.height}`, 'setsar=1']
  const filters = [...cleaning(video), ...size, `format=${encoder.pixelFormat}`].join(',')
  const options = { kbps: Math.round(kbps), gop, preset: run.limits.preset }
  const work = source.isClean ? ['-c:v', 'copy'] : ['-vf', filters, ...videoArgs(encoder, options)]
  const end = await ffmpegOf(run, {
    args: [
      ...sourceArgs(run.order.input, source.isClean ? undefined : decoder),
      ...['-map', `0:${source.index}`, '-dn', '-sn', '-map_chapters', '-1', '-map_metadata', '-1'],
      ...[...work, '-t', run.plan.seconds.toFixed(6)],
      ...['-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts', path],
    ],
    cwd: dir,
    onProgress: (each) =>
      run.report('first pass', each.outSeconds / run.plan.seconds, {
        ...each,
        encoder: source.isClean ? 'copy' : encoder.name,
      }),
  })
  const { size: bytes } = await stat(path).catch(() => ({ size: 0 }))
  if (end.kind === 'ended' && bytes > 0) return path
  await failElsewhere(run, end)
  run.tools.log(`first pass: ${end.kind}, ${fps.frames}/${fps.seconds} fps; the source serves`)
  await rm(path, { force: true })
  return undefined
}

/** This machine's own disk, else the share: a Pi without a card has its /tmp in memory. */
async function roomyDir(run: MuxRun, bytes: number): Promise<string | undefined> {
  for (const dir of [run.space.scratch, run.space.notes]) {
    await mkdir(dir, { recursive: true })
    if ((await freeBytes(dir)) > bytes) return dir
  }
  run.warn('no room for a first pass')
  return undefined
}
