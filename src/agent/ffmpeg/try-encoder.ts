import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { walkTs } from '../hls/walk-ts.ts'
import { videoArgs } from '../mux/encoder-args.ts'
import type { EncoderAbility, MediaPrograms } from '../mux/mux-order.ts'
import { complaint, hangs } from './complaint.ts'
import { runFfmpeg } from './run-ffmpeg.ts'
import type { Patience } from './trial-limits.ts'
import { unlike } from './unlike.ts'

interface EncoderKind {
  readonly name: string
  readonly hardware: boolean
  readonly pixelFormats: readonly string[]
  readonly widthGrid: number
  readonly maxSide: number | null
  /** As many streams at once as are worth trying. */
  readonly sessions: number
}

/** Best first. The Pi's encoder ends at 1920, and its rows are aligned to 64 bytes. */
export const encoderKinds: readonly EncoderKind[] = [
  {
    name: 'h264_v4l2m2m',
    hardware: true,
    // Which of them the driver offers differs by kernel.
    pixelFormats: ['yuv420p', 'nv12', 'nv21'],
    widthGrid: 64,
    maxSide: 1920,
    sessions: 4,
  },
  {
    name: 'h264_omx',
    hardware: true,
    pixelFormats: ['yuv420p'],
    widthGrid: 64,
    maxSide: 1920,
    sessions: 2,
  },
  {
    name: 'libx264',
    hardware: false,
    pixelFormats: ['yuv420p'],
    widthGrid: 2,
    maxSide: null,
    sessions: 20,
  },
]

const frames = 150
const gop = 50
/** dB. Green, torn or mirrored pictures stay below 20, an encoding of this rate is above 35. */
const leastLikeness = 25
const source = `testsrc2=size=640x384:rate=25:duration=${frames / 25}`

/** Encodes six seconds and reads them back. Answers with what the encoder does, or with why it is no use. */
export async function tryEncoder(
  programs: MediaPrograms,
  dir: string,
  kind: EncoderKind,
  patience: Patience,
): Promise<EncoderAbility | string> {
  const { name, hardware, widthGrid, maxSide } = kind
  const common = { name, hardware, widthGrid, maxSide }
  let trouble: string | undefined
  for (const pixelFormat of kind.pixelFormats) {
    const ability = { ...common, pixelFormat, fixedGop: null, sessions: 1 }
    const trial = { programs, dir, patience }
    const tried = await encode(trial, ability, 1)
    // It is the driver that hangs, whatever it is given.
    if (tried === hangs) return tried
    const wrong = typeof tried === 'string' ? tried : await garbled(trial)
    if (typeof tried === 'string' || wrong !== undefined) {
      trouble ??= wrong
      continue
    }
    const fixedGop = tried.gop === gop ? null : tried.gop
    const sessions = hardware ? await mostAtOnce(trial, ability, kind.sessions) : kind.sessions
    return { ...ability, fixedGop, sessions }
  }
  return trouble ?? 'takes no pixel format'
}

interface Trial {
  readonly programs: MediaPrograms
  readonly dir: string
  readonly patience: Patience
}

async function garbled({ programs, dir, patience }: Trial): Promise<string | undefined> {
  return await unlike(programs, {
    dir,
    patience,
    inputs: [
      ['-i', 'out0.ts'],
      ['-f', 'lavfi', '-i', source],
    ],
    least: leastLikeness,
    wrong: 'garbles the picture',
  })
}

async function mostAtOnce(trial: Trial, ability: EncoderAbility, most: number): Promise<number> {
  for (let count = most; count > 1; count--)
    if (typeof (await encode(trial, ability, count)) !== 'string') return count
  return 1
}

async function encode(
  { programs, dir, patience }: Trial,
  encoder: EncoderAbility,
  count: number,
): Promise<{ readonly gop: number } | string> {
  const outputs = Array.from({ length: count }, (_, at) => at)
  const labels = outputs.map((at) => `[v${at}]`).join('')
  const end = await runFfmpeg(programs, {
    args: [
      ...['-f', 'lavfi', '-i', source],
      ...['-filter_complex', `[0:v]format=${encoder.pixelFormat},split=${count}${labels}`],
      ...outputs.flatMap((at) => [
        ...['-map', `[v${at}]`, ...videoArgs(encoder, { kbps: 1500, gop, preset: 'ultrafast' })],
        ...['-muxdelay', '0', '-muxpreload', '0', '-f', 'mpegts', `out${at}.ts`],
      ]),
    ],
    cwd: dir,
    ...patience,
  })
  programs.signal.throwIfAborted()
  if (end.kind !== 'ended') return complaint(end)
  let found = 0
  for (const at of outputs) {
    const { pictures, problems } = walkTs(await readFile(join(dir, `out${at}.ts`)))
    if (problems[0] !== undefined) return `its output ${problems[0]}`
    if (Math.abs(pictures.length - frames) > 2)
      return `gave ${pictures.length} of ${frames} pictures`
    const keys = pictures.flatMap(({ unit }, index) => (unit.types.at(-1) === 5 ? [index] : []))
    const [first, second] = keys
    if (first !== 0 || second === undefined) return 'gives no key frames that could begin a segment'
    if (keys.some((key, index) => key !== index * second)) return 'gives key frames at odd places'
    found = second
  }
  return { gop: found }
}
