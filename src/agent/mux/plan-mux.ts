import { createHash } from 'node:crypto'
import type { MuxSettings } from '../../protocol/job.ts'
import type { AudioFacts, FrameRate, MediaFacts, SubtitleFacts, VideoFacts } from './media-facts.ts'
import type { EncoderAbility } from './mux-order.ts'
import { planLadder, type Rung } from './plan-ladder.ts'

/** All that is decided before the first ffmpeg runs: the same facts give the same plan. */
export interface MuxPlan {
  readonly seconds: number
  readonly settings: MuxSettings
  readonly video: VideoPlan | undefined
  readonly segmentSeconds: number
  readonly sound: SoundPlan
  readonly subtitles: readonly SubtitlePlan[]
  readonly warnings: readonly string[]
}

export interface VideoPlan {
  readonly source: VideoFacts
  readonly fps: FrameRate
  /** Frames from key frame to key frame. */
  readonly gop: number
  /** Best first, each once decoded from the source and scaled from the one before it. */
  readonly renditions: readonly RenditionPlan[]
}

export interface RenditionPlan extends Rung {
  /** Of playlist, segments and checkpoint, e.g. `manifest_600.m3u8`. */
  readonly names: RenditionNames
}

export interface RenditionNames {
  readonly id: string
  readonly playlist: string
  readonly segments: string
  readonly init: string
  readonly key: string
  readonly iFrames: string
}

/** One track is muxed into every rendition; several are renditions of their own. */
export interface SoundPlan {
  readonly kind: 'none' | 'muxed' | 'group' | 'only'
  readonly tracks: readonly SoundTrack[]
}

export interface SoundTrack extends AudioFacts {
  readonly name: string
  readonly kbps: number
  readonly names: RenditionNames
}

export interface SubtitlePlan extends SubtitleFacts {
  readonly name: string
  /** Begins the names of its files. */
  readonly id: string
}

/** Apple's authoring rules 7.5 and 1.13: six seconds a segment, two from IDR to IDR. */
const segmentLength = 6
const gopLength = 2
const soundKbps = 128
const lowSoundKbps = 64
const mostTracks = 8

export function planMux(
  facts: MediaFacts,
  settings: MuxSettings,
  encoder: EncoderAbility,
): MuxPlan | undefined {
  const { video, audio } = facts
  if (video === undefined && audio.length === 0) return undefined
  const plan = video === undefined ? undefined : planVideo(video, settings, encoder)
  const gopSeconds =
    plan === undefined ? segmentLength : (plan.gop * plan.fps.seconds) / plan.fps.frames
  const gops = Math.max(1, Math.round(segmentLength / gopSeconds))
  return {
    seconds: facts.seconds,
    settings,
    video: plan,
    segmentSeconds: gopSeconds * gops,
    sound: planSound(audio, video !== undefined, settings),
    subtitles: planSubtitles(video === undefined ? [] : facts.subtitles),
    warnings: [...facts.warnings, ...tooMany(facts)],
  }
}

/** Work done under another plan is of no use. */
export function planHash(plan: MuxPlan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex')
}

function planVideo(source: VideoFacts, settings: MuxSettings, encoder: EncoderAbility): VideoPlan {
  const { fps, rungs } = planLadder(source, settings.ladder, encoder)
  return {
    source,
    fps,
    gop: encoder.fixedGop ?? Math.max(1, Math.round((gopLength * fps.frames) / fps.seconds)),
    renditions: rungs.map((rung) => ({ ...rung, names: namesOf(String(rung.kbps), settings) })),
  }
}

function namesOf(id: string, settings: MuxSettings): RenditionNames {
  return {
    id,
    playlist: `manifest_${id}.m3u8`,
    segments: `media_${id}_%05d.${settings.segments === 'ts' ? 'ts' : 'm4s'}`,
    init: `init_${id}.mp4`,
    key: `media_${id}.key`,
    iFrames: `iframes_${id}.m3u8`,
  }
}

function planSound(
  audio: readonly AudioFacts[],
  hasVideo: boolean,
  settings: MuxSettings,
): SoundPlan {
  const [first] = audio
  if (first === undefined) return { kind: 'none', tracks: [] }
  const track = (facts: AudioFacts, name: string, id: string, kbps = soundKbps) => ({
    ...facts,
    name,
    kbps,
    names: namesOf(id, settings),
  })
  if (!hasVideo) {
    const best = audio.find((each) => each.isDefault) ?? first
    const rates = [soundKbps, lowSoundKbps]
    return {
      kind: 'only',
      tracks: rates.map((kbps) => track(best, `${kbps}`, `${kbps}`, kbps)),
    }
  }
  const kept = audio.slice(0, mostTracks)
  if (kept.length === 1) return { kind: 'muxed', tracks: [track(first, 'sound', 'audio')] }
  const names = distinct(kept)
  const preferred = Math.max(
    0,
    kept.findIndex((each) => each.isDefault),
  )
  const tracks = kept.map((each, at) => ({
    ...track(each, names[at] ?? '', `audio${at + 1}`),
    // Exactly one is what a player begins with.
    isDefault: at === preferred,
  }))
  return { kind: 'group', tracks }
}

function planSubtitles(subtitles: readonly SubtitleFacts[]): readonly SubtitlePlan[] {
  const kept = subtitles.slice(0, mostTracks)
  const names = distinct(kept)
  return kept.map((each, at) => ({
    ...each,
    isDefault: false,
    name: names[at] ?? '',
    id: `subtitles${at + 1}`,
  }))
}

/** What a viewer chooses by: the title, else the language, and a number where they are the same. */
function distinct(tracks: readonly AudioFacts[]): readonly string[] {
  const seen = new Map<string, number>()
  return tracks.map(({ title, language }) => {
    const name = title?.trim() || languageName(language) || 'Unknown'
    const count = (seen.get(name) ?? 0) + 1
    seen.set(name, count)
    return count === 1 ? name : `${name} ${count}`
  })
}

function languageName(tag: string | undefined): string | undefined {
  if (tag === undefined) return undefined
  return new Intl.DisplayNames([tag, 'en'], { type: 'language' }).of(tag) ?? tag
}

function tooMany({ audio, subtitles }: MediaFacts): readonly string[] {
  const left = [...audio.slice(mostTracks), ...subtitles.slice(mostTracks)]
  return left.length === 0
    ? []
    : [`${left.length} tracks left out: no more than ${mostTracks} of a kind`]
}
