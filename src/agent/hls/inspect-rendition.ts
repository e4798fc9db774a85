import { createDecipheriv } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { averageBitRate, peakBitRate } from './bit-rates.ts'
import { type MediaPlaylist, parseMediaPlaylist } from './media-playlist.ts'
import { mp4Reader, type SegmentFacts, type SegmentReader, tsReader } from './segment-facts.ts'
import { readInit } from './walk-mp4.ts'

/** One media playlist with all that its segments turned out to hold. */
export interface Inspection {
  readonly playlist: MediaPlaylist | undefined
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  readonly segments: readonly InspectedSegment[]
  /** Sum of EXTINF. */
  readonly seconds: number
  readonly bytes: number
  /** bit/s: the peak, and over all. */
  readonly bandwidth: number
  readonly averageBandwidth: number
  /** In the order of CODECS: video, audio. */
  readonly codecs: readonly string[]
  /** 0 by 0 and no frames where there is only sound. */
  readonly width: number
  readonly height: number
  readonly framesPerSecond: number
}

export interface InspectedSegment extends SegmentFacts {
  readonly uri: string
  readonly seconds: number
  readonly bytes: number
}

/** IDRs further apart than this make seeking coarse (Apple's authoring rule 1.13). */
const keyFrameSeconds = 2.1

export async function inspectRendition(dir: string, name: string): Promise<Inspection> {
  if (!isPlainName(name)) return nothing([`${name} is not in this directory`])
  const text = await readFile(join(dir, name), 'utf8').catch(() => undefined)
  if (text === undefined) return nothing([`${name} is not there`])
  const playlist = text === '' ? undefined : parseMediaPlaylist(text)
  if (playlist === undefined) return nothing([`${name} is no playlist`])
  const problems = judgePlaylist(playlist).map((each) => `${name}: ${each}`)
  const segments: InspectedSegment[] = []
  let reader: SegmentReader | undefined
  for await (const { uri, seconds, bytes, trouble } of segmentBytes(dir, playlist)) {
    reader ??= await readerFor(dir, playlist)
    const read = reader(bytes)
    const all = trouble === undefined ? read.problems : [trouble]
    for (const each of all) problems.push(`${uri} ${each}`)
    segments.push({ ...read, uri, seconds, bytes: bytes.length })
  }
  const streams = judgeStreams(segments)
  problems.push(...streams.problems.map((each) => `${name}: ${each}`))
  return {
    ...measure(playlist, segments),
    playlist,
    problems,
    warnings: streams.warnings.map((each) => `${name}: ${each}`),
    segments,
  }
}

function nothing(problems: readonly string[]): Inspection {
  const measured = { seconds: 0, bytes: 0, bandwidth: 0, averageBandwidth: 0, codecs: [] }
  const shape = { width: 0, height: 0, framesPerSecond: 0 }
  return { playlist: undefined, problems, warnings: [], segments: [], ...measured, ...shape }
}

async function readerFor(dir: string, { map }: MediaPlaylist): Promise<SegmentReader> {
  if (map === undefined) return tsReader()
  const init = isPlainName(map) ? await readFile(join(dir, map)).catch(() => undefined) : undefined
  return mp4Reader(init === undefined ? [] : readInit(init))
}

export interface SegmentBytes {
  readonly uri: string
  readonly seconds: number
  /** As a player has them after decryption. */
  readonly bytes: Buffer
  readonly trouble: string | undefined
}

/** The segments one after the other; a stored one at a time is all that is held in memory. */
export async function* segmentBytes(
  dir: string,
  playlist: MediaPlaylist,
): AsyncGenerator<SegmentBytes> {
  const keys = new Map<string, Buffer | undefined>()
  for (const [at, { uri, seconds, key }] of playlist.segments.entries()) {
    if (!isPlainName(uri)) {
      yield { uri, seconds, bytes: Buffer.alloc(0), trouble: 'is not in this directory' }
      continue
    }
    const stored = await readFile(join(dir, uri)).catch(() => undefined)
    if (stored === undefined) {
      yield { uri, seconds, bytes: Buffer.alloc(0), trouble: 'is not there' }
      continue
    }
    if (key === undefined) {
      yield { uri, seconds, bytes: stored, trouble: undefined }
      continue
    }
    if (!keys.has(key))
      keys.set(
        key,
        isPlainName(key) ? await readFile(join(dir, key)).catch(() => undefined) : undefined,
      )
    yield { uri, seconds, ...decrypt(stored, keys.get(key), playlist.firstSequence + at) }
  }
}

/** Without an IV in the playlist the sequence number is it, big-endian (RFC 8216, 5.2). */
export function sequenceIv(sequence: number): Buffer {
  const iv = Buffer.alloc(16)
  iv.writeBigUInt64BE(BigInt(sequence), 8)
  return iv
}

function decrypt(stored: Buffer, key: Buffer | undefined, sequence: number) {
  if (key?.length !== 16)
    return { bytes: Buffer.alloc(0), trouble: 'has no key of 16 bytes to decrypt it with' }
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, sequenceIv(sequence))
    return { bytes: Buffer.concat([decipher.update(stored), decipher.final()]), trouble: undefined }
  } catch {
    return { bytes: Buffer.alloc(0), trouble: 'does not decrypt with its key' }
  }
}

/** Ours lie in one directory; another path in a playlist would have us read elsewhere. */
export function isPlainName(uri: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(uri)
}

function judgePlaylist(playlist: MediaPlaylist): readonly string[] {
  const problems: string[] = []
  const { targetSeconds, segments } = playlist
  if (!Number.isInteger(targetSeconds) || targetSeconds < 1)
    problems.push('has no EXT-X-TARGETDURATION')
  if (!playlist.isEnded) problems.push('has no EXT-X-ENDLIST: it was not finished')
  if (!playlist.isVod) problems.push('has no EXT-X-PLAYLIST-TYPE:VOD')
  if (playlist.version < (playlist.map === undefined ? 3 : 6))
    problems.push(`says EXT-X-VERSION:${playlist.version}, but uses what is newer`)
  if (segments.length === 0) problems.push('names no segments')
  for (const { uri, seconds } of segments)
    if (!(seconds > 0)) problems.push(`gives ${uri} no EXTINF`)
    else if (Math.round(seconds) > targetSeconds)
      problems.push(`gives ${uri} ${seconds} s, more than EXT-X-TARGETDURATION:${targetSeconds}`)
  return problems
}

function judgeStreams(segments: readonly InspectedSegment[]) {
  const problems: string[] = []
  const warnings: string[] = []
  const frame = 1 / (frameRateOf(segments) || 25)
  let widest = 0
  let before: number | undefined
  segments.forEach((segment, at) => {
    const { uri, video, audio } = segment
    const first = segments[0]
    if (segment.problems.length > 0 || segment.bytes === 0) return
    if ((video === undefined) !== (first?.video === undefined))
      problems.push(`${uri} has ${video === undefined ? 'no' : 'a'} video, unlike the first`)
    if ((audio === undefined) !== (first?.audio === undefined) && at < segments.length - 1)
      problems.push(`${uri} has ${audio === undefined ? 'no' : 'a'} sound, unlike the first`)
    if (video === undefined && audio === undefined) problems.push(`${uri} has no streams`)
    const next = segments[at + 1]
    if (video !== undefined) {
      if (!video.beginsAlone)
        problems.push(
          `${uri} does not begin with an IDR and its parameter sets (NAL types ${video.firstTypes.join(' ')})`,
        )
      if (video.sps !== undefined && first?.video?.sps?.codec !== video.sps.codec)
        problems.push(`${uri} changes the codec to ${video.sps.codec}`)
      if (video.sps?.interlaced) problems.push(`${uri} is interlaced`)
      if (video.sps !== undefined && Math.abs(video.sps.pixelAspect - 1) > 0.001)
        problems.push(`${uri} has pixels that are not square (${video.sps.pixelAspect.toFixed(3)})`)
      if (before !== undefined && video.first <= before)
        problems.push(`${uri} begins at ${video.first.toFixed(3)} s, before the last one ends`)
      before = video.last
      const end = next?.video?.first ?? video.last + frame
      differs(problems, segment, end - video.first, frame * 1.5)
      for (const [index, key] of video.keyFrames.entries())
        widest = Math.max(widest, (video.keyFrames[index + 1]?.shown ?? end) - key.shown)
    } else if (audio !== undefined && next?.audio !== undefined) {
      differs(problems, segment, next.audio.first - audio.first, 0.3)
    }
  })
  if (widest > keyFrameSeconds)
    warnings.push(`key frames are up to ${widest.toFixed(2)} s apart, 2 are recommended`)
  return { problems, warnings }
}

function differs(problems: string[], segment: InspectedSegment, real: number, most: number) {
  if (Math.abs(real - segment.seconds) > most)
    problems.push(`${segment.uri} lasts ${real.toFixed(3)} s, EXTINF says ${segment.seconds}`)
}

function frameRateOf(segments: readonly InspectedSegment[]): number {
  const videos = segments.flatMap(({ video }) => (video === undefined ? [] : [video]))
  const pictures = videos.reduce((total, each) => total + each.pictures, 0)
  const [first, last] = [videos[0]?.first ?? 0, videos.at(-1)?.last ?? 0]
  return pictures > 1 && last > first ? (pictures - 1) / (last - first) : 0
}

function measure(playlist: MediaPlaylist, segments: readonly InspectedSegment[]) {
  const sps = segments.find((each) => each.video?.sps !== undefined)?.video?.sps
  const sound = segments.find((each) => each.audio?.codec !== undefined)?.audio?.codec
  return {
    seconds: segments.reduce((total, each) => total + each.seconds, 0),
    bytes: segments.reduce((total, each) => total + each.bytes, 0),
    bandwidth: peakBitRate(segments, playlist.targetSeconds),
    averageBandwidth: averageBitRate(segments),
    codecs: [sps?.codec, sound].filter((each) => each !== undefined),
    width: sps?.width ?? 0,
    height: sps?.height ?? 0,
    framesPerSecond: Math.round(frameRateOf(segments) * 1000) / 1000,
  }
}
