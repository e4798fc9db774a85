import type { Ladder } from '../../protocol/job.ts'
import type { FrameRate, VideoFacts } from './media-facts.ts'

export interface LadderPlan {
  readonly fps: FrameRate
  /** Best first; `kbps` is their name too, and no two are the same. */
  readonly rungs: readonly Rung[]
}

export interface Rung {
  readonly kbps: number
  readonly width: number
  readonly height: number
}

/** What of an encoder shapes a ladder. */
export interface EncoderShape {
  readonly hardware: boolean
  readonly widthGrid: number
  readonly maxSide: number | null
}

/** A box that pictures are fitted into, lying or standing, and what H.264 at up to 30 fps wants there. */
const standard = [
  { long: 1920, short: 1080, kbps: 4800 },
  { long: 1280, short: 720, kbps: 2500 },
  { long: 960, short: 540, kbps: 1400 },
  { long: 768, short: 432, kbps: 900 },
  { long: 640, short: 360, kbps: 600 },
  { long: 416, short: 234, kbps: 250 },
] as const
/** Of the original muxer: the source's rate halved until the threshold, and a floor below. */
const originalMultipliers = [1, 0.5, 0.25, 0.125]
const originalThreshold = 250
const originalFloor = 200
const lowest = 50
/** The step of the Pi's encoder. */
const step = 25
const highestOfHardware = 20_000
/** Steps that are smaller than this are not worth a rendition. */
const spacing = 1.5
const mostRungs = 4
/** What H.264 needs for the picture of another codec. */
const asH264: Readonly<Record<string, number>> = {
  mpeg1video: 0.6,
  mpeg2video: 0.6,
  hevc: 1.6,
  vp9: 1.5,
  av1: 1.9,
  vc1: 0.9,
}
/** More macroblocks a second than 720p at 60 frames are beyond the Pi's encoder. */
const mostPixelsAtFullRate = 1280 * 720

/** No rung is larger than the source, in size, rate or frames, and all have the source's aspect. */
export function planLadder(source: VideoFacts, ladder: Ladder, encoder: EncoderShape): LadderPlan {
  const fps = planFrameRate(source, encoder)
  const cap = (asH264[source.codec] ?? 1) * source.kbps
  const sized = (long: number, short: number) => fitInto(source, long, short, encoder)
  switch (ladder.mode) {
    case 'profile':
      return { fps, rungs: finished(profile(fps, cap, sized), encoder) }
    case 'multiplier':
      return { fps, rungs: finished(multiplied(source, ladder.multipliers, sized), encoder) }
    case 'explicit': {
      const rungs = ladder.renditions.map(({ height, kbps }) => ({
        ...sized(Infinity, height),
        kbps: Math.min(kbps, cap),
      }))
      return { fps, rungs: finished(rungs, encoder) }
    }
    default:
      return ladder satisfies never
  }
}

type Sized = (long: number, short: number) => { readonly width: number; readonly height: number }

function profile(fps: FrameRate, cap: number, sized: Sized): readonly Rung[] {
  const speed = fps.frames / fps.seconds > 31 ? 1.4 : 1
  const [top, ...others] = [{ long: Infinity, short: Infinity }, ...standard]
    .map(({ long, short }) => sized(Math.min(long, 1920), Math.min(short, 1080)))
    .map((size) => ({ ...size, kbps: usualKbps(size.width * size.height) * speed }))
  if (top === undefined) return []
  const rungs = [{ ...top, kbps: Math.min(top.kbps, cap) }]
  for (const rung of others)
    if (rung.kbps * spacing <= (rungs.at(-1)?.kbps ?? 0) && rungs.length < mostRungs)
      rungs.push(rung)
  // A player needs something to fall back to, even from a source as small as this.
  if (rungs.length < 2) {
    const small = sized(0.7 * Math.max(top.width, top.height), Infinity)
    rungs.push({ ...small, kbps: Math.max(lowest, (rungs[0]?.kbps ?? 0) / 2) })
  }
  return rungs
}

/** Between the standard sizes by a power of the pixels, so that 4:3 and upright ones get their due. */
function usualKbps(pixels: number): number {
  const at = standard.findIndex(({ long, short }) => long * short <= pixels)
  const upper = standard[Math.max(0, at < 0 ? standard.length - 2 : at - 1)] ?? standard[0]
  const lower = standard[at < 0 ? standard.length - 1 : Math.max(1, at)] ?? standard[1]
  const [many, few] = [upper.long * upper.short, lower.long * lower.short]
  const power = Math.log(upper.kbps / lower.kbps) / Math.log(many / few)
  return lower.kbps * (pixels / few) ** power
}

function multiplied(
  source: VideoFacts,
  multipliers: readonly number[] = originalMultipliers,
  sized: Sized,
): readonly Rung[] {
  const rates = multipliers
    .map((each) => each * source.kbps)
    .filter((each) => each > originalThreshold)
  if (source.kbps > originalFloor) rates.push(originalFloor)
  if (rates.length === 0) rates.push(source.kbps)
  return rates.map((kbps) => {
    const box = standard.find((each) => kbps >= each.kbps * 0.8) ?? standard[standard.length - 1]
    return { ...sized(box?.long ?? 416, box?.short ?? 234), kbps }
  })
}

/**
 * Rounded, each rate once, best first. Where rates that differ come together after rounding, or two
 * rungs are the same, the one that was first stays.
 */
function finished(rungs: readonly Rung[], encoder: EncoderShape): readonly Rung[] {
  const most = encoder.hardware ? highestOfHardware : 50_000
  const unique = new Map<number, Rung>()
  for (const rung of rungs) {
    const nearest = Math.floor(rung.kbps / step) * step
    const kbps = Math.min(most, Math.max(lowest, nearest))
    if (!unique.has(kbps)) unique.set(kbps, { ...rung, kbps })
  }
  return [...unique.values()].sort((a, b) => b.kbps - a.kbps)
}

/**
 * The size in a box that lies or stands as the source does. Widths are on the encoder's grid and both
 * are even, since 4:2:0 has one colour for four pixels.
 */
function fitInto(source: VideoFacts, long: number, short: number, encoder: EncoderShape) {
  const stands = source.height > source.width
  const [boxWidth, boxHeight] = stands ? [short, long] : [long, short]
  const most = encoder.maxSide ?? Infinity
  const scale = Math.min(
    1,
    Math.min(boxWidth, most) / source.width,
    Math.min(boxHeight, most) / source.height,
  )
  const grid = encoder.widthGrid
  const nearest = Math.round((source.width * scale) / grid) * grid
  const width = Math.max(grid, nearest > source.width ? nearest - grid : nearest)
  const exact = (width * source.height) / source.width
  const height = Math.min(2 * Math.round(exact / 2), 2 * Math.floor(source.height / 2))
  return { width, height: Math.max(2, height) }
}

function planFrameRate(source: VideoFacts, encoder: EncoderShape): FrameRate {
  let { frames, seconds } = source.fps
  while (frames / seconds > 61) seconds *= 2
  const pixels = Math.min(source.width * source.height, 1920 * 1080)
  const isTooMuch = encoder.hardware && pixels > mostPixelsAtFullRate && frames / seconds > 31
  return isTooMuch ? { frames, seconds: seconds * 2 } : { frames, seconds }
}
