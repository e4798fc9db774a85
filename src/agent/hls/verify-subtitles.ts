import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Verdict } from '../mux/mux-order.ts'
import { type Inspection, isPlainName } from './inspect-rendition.ts'
import type { Track } from './master-playlist.ts'
import { parseMediaPlaylist } from './media-playlist.ts'
import { mappedPts } from './web-vtt.ts'

/** A track covers the whole video, and each segment says where on the video's clock it lies. */
export async function verifySubtitles(
  dir: string,
  track: Track,
  video: Inspection | undefined,
): Promise<Verdict> {
  const problems: string[] = []
  const read = async (uri: string) =>
    isPlainName(uri) ? await readFile(join(dir, uri), 'utf8').catch(() => undefined) : undefined
  const playlist = parseMediaPlaylist((await read(track.uri)) ?? '')
  if (playlist === undefined)
    return { problems: [`${track.uri} is no playlist in this directory`], warnings: [] }
  if (!playlist.isEnded || !playlist.isVod)
    problems.push(`${track.uri} is not marked as finished (VOD and ENDLIST)`)
  let seconds = 0
  for (const segment of playlist.segments) {
    seconds += segment.seconds
    if (Math.round(segment.seconds) > playlist.targetSeconds)
      problems.push(`${track.uri} gives ${segment.uri} more than its target duration`)
    const text = await read(segment.uri)
    if (!text?.startsWith('WEBVTT')) {
      problems.push(`${segment.uri} is no WebVTT`)
      continue
    }
    const pts = mappedPts(text)
    const first = video?.segments[0]?.video?.first ?? 0
    if (pts === undefined) problems.push(`${segment.uri} has no X-TIMESTAMP-MAP`)
    else if (Math.abs(pts - first) > 0.05)
      problems.push(`${segment.uri} maps to ${pts} s, the video begins at ${first}`)
  }
  if (video !== undefined && Math.abs(video.seconds - seconds) > 0.5)
    problems.push(
      `${track.uri} lasts ${seconds.toFixed(3)} s, the video ${video.seconds.toFixed(3)}`,
    )
  return { problems, warnings: [] }
}
