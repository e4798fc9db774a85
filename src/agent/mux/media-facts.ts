import type { ProbedMedia, ProbedStream } from '../ffmpeg/read-media.ts'

/** What of a file matters to the plan, as its packets have it rather than as its headers say. */
export interface MediaFacts {
  readonly video: VideoFacts | undefined
  readonly audio: readonly AudioFacts[]
  readonly subtitles: readonly SubtitleFacts[]
  /** How long the presentation will be: the video, or the longest sound where there is none. */
  readonly seconds: number
  /** What headers say less what is there, where that is more than a rounding: a file cut off. */
  readonly missingSeconds: number
  readonly warnings: readonly string[]
}

export interface VideoFacts {
  readonly index: number
  readonly codec: string
  /** Seconds from the start of the file, which is that of the first stream, to the first picture. */
  readonly offset: number
  /** As shown: turned upright and with square pixels. */
  readonly width: number
  readonly height: number
  readonly fps: FrameRate
  readonly kbps: number
  readonly isInterlaced: boolean
  /** H.264 that every decoder takes as it is: a first pass may copy it. */
  readonly isClean: boolean
}

export interface FrameRate {
  readonly frames: number
  readonly seconds: number
}

export interface AudioFacts {
  readonly index: number
  readonly language: string | undefined
  readonly title: string | undefined
  readonly isDefault: boolean
}

export interface SubtitleFacts extends AudioFacts {
  readonly isForced: boolean
}

const textSubtitles = ['subrip', 'ass', 'ssa', 'mov_text', 'webvtt', 'text']
const usualRates: readonly FrameRate[] = [
  { frames: 24_000, seconds: 1001 },
  { frames: 24, seconds: 1 },
  { frames: 25, seconds: 1 },
  { frames: 30_000, seconds: 1001 },
  { frames: 30, seconds: 1 },
  { frames: 48, seconds: 1 },
  { frames: 50, seconds: 1 },
  { frames: 60_000, seconds: 1001 },
  { frames: 60, seconds: 1 },
]

export function mediaFacts(media: ProbedMedia): MediaFacts {
  const warnings: string[] = []
  const stream = mainVideo(media.streams)
  const audio = media.streams.filter((each) => each.codec_type === 'audio' && isHeard(each, media))
  const subtitles = media.streams.filter((each) => each.codec_type === 'subtitle')
  const video = stream === undefined ? undefined : videoFacts(stream, media)
  const pictures = subtitles.filter((each) => !textSubtitles.includes(each.codec_name ?? ''))
  for (const each of pictures)
    warnings.push(`subtitles ${each.index} (${each.codec_name}) are pictures: left out`)
  if (stream !== undefined && /10|12|p016/.test(stream.pix_fmt ?? ''))
    warnings.push(`the video has more than 8 bits (${stream.pix_fmt}): colours are cut to 8`)
  const seconds = lengthOf(stream === undefined ? audio : [stream], media)
  const all = lengthOf(media.streams, media)
  const longestSound = lengthOf(audio, media)
  if (stream !== undefined && longestSound > seconds + 1)
    warnings.push(
      `sound goes on for ${(longestSound - seconds).toFixed(1)} s after the video: cut off`,
    )
  const missing = (media.seconds ?? all) - all
  return {
    video,
    audio: audio.map(audioFacts),
    subtitles: subtitles
      .filter((each) => !pictures.includes(each))
      .map((each) => ({ ...audioFacts(each), isForced: each.disposition?.forced === 1 })),
    seconds,
    missingSeconds: missing > Math.max(2, all * 0.02) ? missing : 0,
    warnings,
  }
}

/** The largest that moves: covers of albums and films are videos too, to ffprobe. */
function mainVideo(streams: readonly ProbedStream[]): ProbedStream | undefined {
  const moving = streams.filter(
    ({ codec_type, disposition, width = 0 }) =>
      codec_type === 'video' &&
      disposition?.attached_pic !== 1 &&
      disposition?.still_image !== 1 &&
      width > 0,
  )
  const area = (each: ProbedStream) => (each.width ?? 0) * (each.height ?? 0)
  return moving.reduce<ProbedStream | undefined>(
    (best, each) => (best === undefined || area(each) > area(best) ? each : best),
    undefined,
  )
}

/** A stream that is announced and never comes, or whose format is unknown, cannot be decoded. */
function isHeard(stream: ProbedStream, media: ProbedMedia): boolean {
  return (stream.channels ?? 0) > 0 && (media.packets.get(stream.index)?.bytes ?? 0) > 0
}

/** From the start of the file to the end of the last of these streams. */
function lengthOf(streams: readonly ProbedStream[], media: ProbedMedia): number {
  const ends = streams.map((each) => media.packets.get(each.index)?.end ?? 0)
  return Math.max(0, Math.max(0, ...ends) - media.start)
}

function videoFacts(stream: ProbedStream, { packets, start }: ProbedMedia): VideoFacts {
  const sums = packets.get(stream.index)
  const seconds = (sums?.end ?? 0) - (sums?.start ?? 0)
  const [across = 1, down = 1] = (stream.sample_aspect_ratio ?? '1:1').split(':').map(Number)
  const aspect = across > 0 && down > 0 ? Math.min(4, Math.max(0.25, across / down)) : 1
  const flat = [Math.round((stream.width ?? 0) * aspect), stream.height ?? 0] as const
  const turned = Math.abs(turnOf(stream)) % 180 === 90
  const isInterlaced = !['progressive', undefined, 'unknown'].includes(stream.field_order)
  return {
    index: stream.index,
    codec: stream.codec_name ?? '',
    offset: Math.max(0, (sums?.start ?? start) - start),
    width: turned ? flat[1] : flat[0],
    height: turned ? flat[0] : flat[1],
    fps: frameRate(stream),
    kbps: seconds > 0 ? Math.round(((sums?.bytes ?? 0) * 8) / seconds / 1000) : 0,
    isInterlaced,
    isClean:
      stream.codec_name === 'h264' &&
      ['yuv420p', 'yuvj420p'].includes(stream.pix_fmt ?? '') &&
      stream.field_order === 'progressive' &&
      aspect === 1 &&
      turnOf(stream) === 0 &&
      stream.r_frame_rate === stream.avg_frame_rate,
  }
}

function turnOf(stream: ProbedStream): number {
  const matrix = stream.side_data_list?.find((each) => each.rotation !== undefined)
  return Number(matrix?.rotation ?? stream.tags?.rotate ?? 0) || 0
}

/**
 * The nominal rate where the average is near it, else the usual one next to the average: phones
 * vary theirs, and r_frame_rate is then some common multiple.
 */
function frameRate(stream: ProbedStream): FrameRate {
  const nominal = fraction(stream.r_frame_rate)
  const average = fraction(stream.avg_frame_rate) ?? nominal ?? { frames: 25, seconds: 1 }
  const rate = average.frames / average.seconds
  if (nominal !== undefined && isNear(nominal, rate) && rate <= 120) return nominal
  const [best] = [...usualRates].sort((a, b) => distance(a, rate) - distance(b, rate))
  if (best !== undefined && isNear(best, rate)) return best
  return { frames: Math.min(60, Math.max(1, Math.round(rate))), seconds: 1 }
}

function distance({ frames, seconds }: FrameRate, rate: number): number {
  return Math.abs(frames / seconds - rate)
}

function isNear(fps: FrameRate, rate: number): boolean {
  return distance(fps, rate) <= 0.02 * rate
}

function fraction(text: string | undefined): FrameRate | undefined {
  const [frames = 0, seconds = 0] = (text ?? '').split('/').map(Number)
  return frames > 0 && seconds > 0 ? { frames, seconds } : undefined
}

function audioFacts(stream: ProbedStream): AudioFacts {
  const { language, title } = stream.tags ?? {}
  return {
    index: stream.index,
    language: languageTag(language),
    title,
    isDefault: stream.disposition?.default === 1,
  }
}

/** Containers have ISO 639-2 (`ger`, `deu`), playlists want RFC 5646 (`de`). */
function languageTag(text: string | undefined): string | undefined {
  if (text === undefined || text === 'und' || text === 'mis' || text === 'zxx') return undefined
  try {
    return Intl.getCanonicalLocales(text)[0]
  } catch {
    return undefined
  }
}
