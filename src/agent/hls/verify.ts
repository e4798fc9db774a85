import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MediaPrograms, Verdict } from '../mux/mux-order.ts'
import { decodeRendition } from './decode-rendition.ts'
import { type Inspection, inspectRendition } from './inspect-rendition.ts'
import { type MasterPlaylist, parseMasterPlaylist, type Variant } from './master-playlist.ts'
import { verifyIFrames } from './verify-i-frames.ts'
import { verifySubtitles } from './verify-subtitles.ts'

export const masterName = 'manifest_master.m3u8'

export interface VerifyOptions {
  /** How long the video is; without it only that all renditions agree can be seen. */
  readonly expectSeconds?: number
  /** Renditions by their playlists that were read a moment ago: they are judged as they were found. */
  readonly inspected?: ReadonlyMap<string, Inspection>
  /** Also decode: the first and last segment of each rendition, or all of them. */
  readonly decode?: { readonly programs: MediaPrograms; readonly extent: 'ends' | 'all' }
}

export interface HlsVerdict extends Verdict {
  /** As measured, in the order of the master playlist. */
  readonly variants: readonly (Inspection & { readonly uri: string })[]
}

/** Declared rates may be off by so much (Apple's authoring rules 1.26 and 1.27). */
const rateTolerance = 0.1
const aspectTolerance = 0.015

/**
 * Reads a finished HLS directory as a player would, byte by byte, and says what breaks the rules of
 * RFC 8216 and of Apple's authoring specification. It believes nothing that ffmpeg said.
 */
export async function verifyHls(dir: string, options: VerifyOptions = {}): Promise<HlsVerdict> {
  const text = await readFile(join(dir, masterName), 'utf8').catch(() => undefined)
  if (text === undefined) return { ...refused(`${masterName} is not there`), variants: [] }
  const master = parseMasterPlaylist(text)
  if (master === undefined || master.variants.length === 0)
    return { ...refused(`${masterName} names no renditions`), variants: [] }
  const problems: string[] = []
  const warnings: string[] = []
  const note = ({ problems: bad, warnings: odd }: Verdict) => {
    problems.push(...bad)
    warnings.push(...odd)
  }
  const inspected = new Map<string, Inspection>()
  for (const uri of mediaUris(master)) {
    const inspection = options.inspected?.get(uri) ?? (await inspectRendition(dir, uri))
    note(inspection)
    inspected.set(uri, inspection)
  }
  const of = (uri: string) => inspected.get(uri)
  const variants = master.variants.flatMap((variant) => {
    const inspection = of(variant.uri)
    return inspection === undefined ? [] : [{ ...inspection, uri: variant.uri }]
  })
  note(judgeMaster(master))
  for (const variant of master.variants) note(judgeVariant(variant, master, of))
  note(judgeAlignment(variants))
  note(judgeLengths([...inspected], options.expectSeconds))
  const first = variants.find((each) => each.segments[0]?.video !== undefined)
  for (const track of master.tracks.filter((each) => each.type === 'SUBTITLES'))
    note(await verifySubtitles(dir, track, first))
  for (const iFrames of master.iFrames) note(await verifyIFrames(dir, iFrames, first))
  if (options.decode !== undefined && problems.length === 0)
    for (const [uri, { playlist }] of inspected)
      if (playlist !== undefined) note(await decodeRendition(dir, uri, playlist, options.decode))
  return { problems, warnings, variants }
}

function refused(problem: string): Verdict {
  return { problems: [problem], warnings: [] }
}

/** Renditions of video and sound, each once. */
function mediaUris(master: MasterPlaylist): readonly string[] {
  const sounds = master.tracks.filter((track) => track.type === 'AUDIO')
  return [...new Set([...master.variants, ...sounds].map((each) => each.uri))]
}

function judgeMaster(master: MasterPlaylist): Verdict {
  const problems: string[] = []
  const warnings: string[] = []
  if (!master.areIndependent) problems.push(`${masterName} lacks EXT-X-INDEPENDENT-SEGMENTS`)
  if (master.variants.length < 2) warnings.push('there is one rendition only')
  const groups = new Set(master.tracks.map((each) => `${each.type} ${each.group}`))
  for (const { uri, audio, subtitles } of master.variants) {
    if (audio !== undefined && !groups.has(`AUDIO ${audio}`))
      problems.push(`${uri} names the sound group "${audio}", which is not there`)
    if (subtitles !== undefined && !groups.has(`SUBTITLES ${subtitles}`))
      problems.push(`${uri} names the subtitle group "${subtitles}", which is not there`)
  }
  const names = new Set<string>()
  for (const { type, group, name, language } of master.tracks) {
    const full = `${type} ${group} ${name}`
    if (names.has(full)) problems.push(`two tracks of "${group}" are both named "${name}"`)
    names.add(full)
    if (language === undefined) warnings.push(`the track "${name}" has no LANGUAGE`)
  }
  return { problems, warnings }
}

function judgeVariant(
  variant: Variant,
  master: MasterPlaylist,
  of: (uri: string) => Inspection | undefined,
): Verdict {
  const { uri } = variant
  const video = of(uri)
  if (video?.playlist === undefined) return { problems: [], warnings: [] }
  const sounds = master.tracks
    .filter((track) => track.type === 'AUDIO' && track.group === variant.audio)
    .map((track) => of(track.uri))
  const most = (rate: (each: Inspection) => number) =>
    Math.max(0, ...sounds.map((each) => (each === undefined ? 0 : rate(each))))
  const peak = video.bandwidth + most((each) => each.bandwidth)
  const average = video.averageBandwidth + most((each) => each.averageBandwidth)
  const problems: string[] = []
  const warnings: string[] = []
  const wrong = (what: string, said: unknown, real: unknown) =>
    problems.push(`${masterName}: ${uri} says ${what}=${said ?? 'nothing'}, it is ${real}`)
  const isOff = (said: number | undefined, real: number) =>
    said === undefined || Math.abs(said - real) > rateTolerance * real
  if (isOff(variant.bandwidth, peak)) wrong('BANDWIDTH', variant.bandwidth, peak)
  if (isOff(variant.averageBandwidth, average))
    wrong('AVERAGE-BANDWIDTH', variant.averageBandwidth, average)
  if (peak > 2 * average)
    warnings.push(`${uri}: the peak of ${peak} bit/s is over twice the average of ${average}`)
  const codecs = new Set([...video.codecs, ...sounds.flatMap((each) => each?.codecs ?? [])])
  const real = [...codecs].sort().join()
  if (variant.codecs?.split(',').sort().join() !== real)
    wrong('CODECS', variant.codecs, [...codecs].join())
  if (video.width > 0) {
    if (variant.width !== video.width || variant.height !== video.height)
      wrong(
        'RESOLUTION',
        variant.width === undefined ? undefined : `${variant.width}x${variant.height}`,
        `${video.width}x${video.height}`,
      )
    const fps = video.framesPerSecond
    if (Math.abs((variant.framesPerSecond ?? 0) - fps) > 0.05)
      wrong('FRAME-RATE', variant.framesPerSecond, fps)
    if (fps > 60.5) problems.push(`${uri} has ${fps} frames a second, more than 60`)
  }
  return { problems, warnings }
}

/** A player changes renditions between segments: each must begin at the same picture in all of them. */
function judgeAlignment(variants: readonly (Inspection & { readonly uri: string })[]): Verdict {
  const problems: string[] = []
  const [first, ...others] = variants.filter((each) => each.segments[0]?.video !== undefined)
  if (first === undefined) return { problems, warnings: [] }
  const halfFrame = 0.5 / (first.framesPerSecond || 25)
  for (const other of others) {
    const pair = `${first.uri} and ${other.uri}`
    if (first.playlist?.targetSeconds !== other.playlist?.targetSeconds)
      problems.push(`${pair} have different target durations`)
    if (first.segments.length !== other.segments.length)
      problems.push(`${pair} have ${first.segments.length} and ${other.segments.length} segments`)
    const at = first.segments.findIndex((segment, index) => {
      const twin = other.segments[index]
      if (twin?.video === undefined || segment.video === undefined) return false
      const apart = Math.abs(twin.video.first - segment.video.first)
      return apart > halfFrame || Math.abs(twin.seconds - segment.seconds) > 2 * halfFrame
    })
    if (at >= 0) problems.push(`${pair} do not line up from segment ${at} on`)
    const aspect = (each: Inspection) => each.width / each.height
    if (Math.abs(aspect(first) / aspect(other) - 1) > aspectTolerance)
      problems.push(`${pair} have different aspects`)
  }
  return { problems, warnings: [] }
}

function judgeLengths(
  inspected: readonly (readonly [string, Inspection])[],
  expected: number | undefined,
): Verdict {
  const whole = inspected.filter(([, each]) => each.segments.length > 0)
  const [, first] = whole[0] ?? []
  const wanted = expected ?? Math.max(0, ...whole.map(([, each]) => each.seconds))
  const frame = 1 / (first?.framesPerSecond || 25)
  const most = Math.max(0.25, 2 * frame)
  const problems = whole
    .filter(([, each]) => Math.abs(each.seconds - wanted) > most)
    .map(
      ([uri, each]) => `${uri} lasts ${each.seconds.toFixed(3)} s instead of ${wanted.toFixed(3)}`,
    )
  return { problems, warnings: [] }
}
