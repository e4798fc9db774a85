import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { averageBitRate, peakBitRate } from '../hls/bit-rates.ts'
import type { Inspection } from '../hls/inspect-rendition.ts'
import type { Variant } from '../hls/master-playlist.ts'
import { renderMediaPlaylist } from '../hls/media-playlist.ts'
import { targetSeconds } from './finish-rendition.ts'
import type { MuxRun } from './mux-run.ts'
import type { RenditionNames } from './plan-mux.ts'

/**
 * A playlist of the key frames alone, as byte ranges of a rendition's segments: with it players show
 * pictures while somebody scrubs. Only of TS in the clear: a part of an encrypted segment cannot be
 * decrypted, and a part of a fragment of MP4 has no header.
 */
export async function addIFrames(
  run: MuxRun,
  rendition: Inspection,
  names: RenditionNames,
): Promise<Variant | undefined> {
  if (run.plan.settings.encrypt || run.plan.settings.segments !== 'ts') return undefined
  const keys = rendition.segments.flatMap(({ uri, video }) =>
    (video?.keyFrames ?? []).flatMap(({ shown, bytes }) =>
      bytes === undefined ? [] : [{ uri, shown, range: bytes }],
    ),
  )
  const [first] = keys
  if (first === undefined) return undefined
  const end = first.shown + rendition.seconds
  const segments = keys.map(({ uri, shown, range }, at) => {
    return { uri, range, seconds: (keys[at + 1]?.shown ?? end) - shown }
  })
  const text = renderMediaPlaylist({
    segments,
    targetSeconds: targetSeconds(run),
    areIFrames: true,
  })
  await writeFile(join(run.space.dir, names.iFrames), text)
  const weights = segments.map(({ range, seconds }) => ({ bytes: range.length, seconds }))
  return {
    uri: names.iFrames,
    bandwidth: peakBitRate(weights, targetSeconds(run)),
    averageBandwidth: averageBitRate(weights),
    codecs: rendition.codecs.find((each) => each.startsWith('avc1')),
    width: rendition.width,
    height: rendition.height,
    framesPerSecond: undefined,
    audio: undefined,
    subtitles: undefined,
  }
}
