import { standsAlone } from './access-unit.ts'
import type { Sps } from './sps.ts'
import { isWholeMp4, type Mp4Track, readFragments } from './walk-mp4.ts'
import { walkTs } from './walk-ts.ts'

/** What a player finds in one segment, whatever the container. Times are in seconds. */
export interface SegmentFacts {
  readonly problems: readonly string[]
  readonly video: VideoInSegment | undefined
  readonly audio: { readonly first: number; readonly codec: string | undefined } | undefined
}

export interface VideoInSegment {
  readonly first: number
  /** When the last picture is shown. */
  readonly last: number
  readonly pictures: number
  /** An IDR with its parameter sets comes first, in the order that decoders want. */
  readonly beginsAlone: boolean
  /** NAL unit types up to the first slice, for messages; empty in fMP4. */
  readonly firstTypes: readonly number[]
  readonly sps: Sps | undefined
  readonly keyFrames: readonly KeyFrame[]
}

export interface KeyFrame {
  readonly shown: number
  /** Place among the pictures of the segment. */
  readonly index: number
  /** With the tables before it, so that these bytes alone can be played; TS only. */
  readonly bytes: { readonly offset: number; readonly length: number } | undefined
}

/** Reads segments in their order: a player sees one stream, so counters go on across them. */
export type SegmentReader = (bytes: Buffer) => SegmentFacts

export function tsReader(): SegmentReader {
  let counters: ReadonlyMap<number, number> | undefined
  return (bytes) => {
    const segment = walkTs(bytes, counters)
    counters = segment.counters
    const shown = segment.pictures.flatMap(({ pts }) => (pts === undefined ? [] : [pts / 90_000]))
    const [first] = segment.pictures
    const problems = [...segment.problems]
    if (shown.length < segment.pictures.length) problems.push('has pictures without a time')
    return {
      problems,
      video:
        first === undefined
          ? undefined
          : {
              first: Math.min(...shown),
              last: Math.max(...shown),
              pictures: segment.pictures.length,
              beginsAlone: standsAlone(first.unit) && isWellOrdered(first.unit.types),
              firstTypes: first.unit.types,
              sps: first.unit.sps,
              keyFrames: segment.pictures.flatMap((picture, index) => {
                if (picture.unit.types.at(-1) !== 5) return []
                const offset = segment.patBefore[index] ?? picture.from
                const bytes = { offset, length: picture.to - offset }
                return [{ shown: (picture.pts ?? 0) / 90_000, index, bytes }]
              }),
            },
      audio:
        segment.sounds.length === 0
          ? undefined
          : { first: (segment.sounds[0]?.pts ?? 0) / 90_000, codec: segment.audioCodec },
    }
  }
}

/** The access unit delimiter, where there is one, comes before everything (ITU-T H.264, 7.4.1.2.3). */
function isWellOrdered(types: readonly number[]): boolean {
  return types.lastIndexOf(9) <= 0
}

export function mp4Reader(tracks: readonly Mp4Track[]): SegmentReader {
  const next = new Map<number, number>()
  return (bytes) => {
    const problems: string[] = []
    if (!isWholeMp4(bytes)) problems.push(bytes.length === 0 ? 'is empty' : 'is cut off')
    const runs = readFragments(bytes)
    if (runs.length === 0) problems.push('holds no fragment (no moof)')
    for (const run of runs) {
      const expected = next.get(run.track)
      if (expected !== undefined && run.start !== expected)
        problems.push(`has a gap: track ${run.track} goes on at ${run.start}, not ${expected}`)
      next.set(run.track, run.start + run.duration)
    }
    const of = (kind: Mp4Track['kind']) => {
      const track = tracks.find((each) => each.kind === kind)
      const mine = runs.filter((run) => run.track === track?.id)
      return track === undefined || mine.length === 0 ? undefined : { track, mine }
    }
    return { problems, video: videoOf(of('video')), audio: audioOf(of('audio')) }
  }
}

type Found = { track: Mp4Track; mine: ReturnType<typeof readFragments> } | undefined

function videoOf(found: Found): VideoInSegment | undefined {
  if (found === undefined) return undefined
  const { track, mine } = found
  const [head] = mine
  const pictures = mine.reduce((total, run) => total + run.samples, 0)
  const start = (head?.start ?? 0) / track.timescale
  const seconds = mine.reduce((total, run) => total + run.duration, 0) / track.timescale
  const each = seconds / Math.max(1, pictures)
  return {
    first: (head?.firstShown ?? 0) / track.timescale,
    last: start + seconds - each,
    pictures,
    beginsAlone: head?.syncs[0] === 0 && track.sps !== undefined,
    firstTypes: [],
    sps: track.sps,
    keyFrames: (head?.syncs ?? []).map((index) => ({
      shown: start + index * each,
      index,
      bytes: undefined,
    })),
  }
}

function audioOf(found: Found) {
  if (found === undefined) return undefined
  const { track, mine } = found
  return { first: (mine[0]?.start ?? 0) / track.timescale, codec: track.codec }
}
