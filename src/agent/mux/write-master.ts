import { join } from 'node:path'
import type { Inspection } from '../hls/inspect-rendition.ts'
import { inspectRendition } from '../hls/inspect-rendition.ts'
import {
  type MasterPlaylist,
  renderMasterPlaylist,
  type Track,
  type Variant,
} from '../hls/master-playlist.ts'
import { masterName } from '../hls/verify.ts'
import { addIFrames } from './add-i-frames.ts'
import { addSubtitles } from './add-subtitles.ts'
import type { MuxRun } from './mux-run.ts'
import type { RenditionNames, SoundTrack } from './plan-mux.ts'
import { writeWhole } from './workspace.ts'

/** Players without a better idea begin with the first variant: one of about this rate. */
const startingBitRate = 2_000_000

/**
 * Everything that the master says is measured from the segments that are there. Answers with what was
 * found in each rendition: to read a film once more takes a Pi minutes.
 */
export async function writeMaster(run: MuxRun): Promise<ReadonlyMap<string, Inspection>> {
  const { plan, space } = run
  const inspected = new Map<string, Inspection>()
  const inspect = async ({ playlist }: RenditionNames) => {
    const inspection = await inspectRendition(space.dir, playlist)
    inspected.set(playlist, inspection)
    return inspection
  }
  const grouped = plan.sound.kind === 'group' ? plan.sound.tracks : []
  const sounds: Inspection[] = []
  for (const { names } of grouped) sounds.push(await inspect(names))
  const variants: Variant[] = []
  const iFrames: Variant[] = []
  let best: Inspection | undefined
  for (const { names } of plan.video?.renditions ?? plan.sound.tracks) {
    const rendition = await inspect(names)
    if (plan.video !== undefined) best ??= rendition
    variants.push(variantOf(names, rendition, sounds))
    const scrubbing = plan.video && (await addIFrames(run, rendition, names))
    if (scrubbing !== undefined) iFrames.push(scrubbing)
  }
  const subtitles = best === undefined ? [] : await addSubtitles(run, best)
  const withSubtitles = (each: Variant): Variant =>
    subtitles.length === 0 ? each : { ...each, subtitles: 'subtitles' }
  const master: MasterPlaylist = {
    version: plan.settings.segments === 'ts' ? 4 : 6,
    areIndependent: true,
    tracks: [...grouped.map(trackOf), ...subtitles],
    variants: startFirst(variants).map(withSubtitles),
    iFrames,
  }
  await writeWhole(join(space.dir, masterName), renderMasterPlaylist(master))
  return inspected
}

function variantOf(
  names: RenditionNames,
  rendition: Inspection,
  sounds: readonly Inspection[],
): Variant {
  const most = (rate: (each: Inspection) => number) => Math.max(0, ...sounds.map(rate))
  const { width, height } = rendition
  const isVideo = width > 0
  const codecs = new Set([...rendition.codecs, ...sounds.flatMap((each) => each.codecs)])
  return {
    uri: names.playlist,
    // The largest that a player could choose together (Apple's authoring rule 9.13).
    bandwidth: rendition.bandwidth + most((each) => each.bandwidth),
    averageBandwidth: rendition.averageBandwidth + most((each) => each.averageBandwidth),
    codecs: [...codecs].join(','),
    width: isVideo ? width : undefined,
    height: isVideo ? height : undefined,
    framesPerSecond: isVideo ? rendition.framesPerSecond : undefined,
    audio: sounds.length > 0 ? 'sound' : undefined,
    subtitles: undefined,
  }
}

function trackOf(track: SoundTrack): Track {
  return {
    type: 'AUDIO',
    group: 'sound',
    name: track.name,
    language: track.language,
    uri: track.names.playlist,
    isDefault: track.isDefault,
    isForced: false,
  }
}

function startFirst(variants: readonly Variant[]): readonly Variant[] {
  const start = variants.find((each) => (each.averageBandwidth ?? 0) <= startingBitRate)
  return start === undefined ? variants : [start, ...variants.filter((each) => each !== start)]
}
