import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { foreignInput } from '../ffmpeg/input-args.ts'
import type { Inspection } from '../hls/inspect-rendition.ts'
import type { Track } from '../hls/master-playlist.ts'
import { renderMediaPlaylist } from '../hls/media-playlist.ts'
import { type Cue, parseCues, renderVttSegment } from '../hls/web-vtt.ts'
import { targetSeconds } from './finish-rendition.ts'
import { ffmpegOf, type MuxRun } from './mux-run.ts'
import type { SubtitlePlan } from './plan-mux.ts'
import { makingDir } from './workspace.ts'

/** Cut at the video's own segments. A track that ffmpeg cannot read is left out, with a warning. */
export async function addSubtitles(run: MuxRun, video: Inspection): Promise<readonly Track[]> {
  const tracks: Track[] = []
  for (const plan of run.plan.subtitles) {
    const cues = await extract(run, plan)
    if (cues.length === 0) {
      run.warn(`subtitles ${plan.index} hold nothing that can be shown: left out`)
      continue
    }
    await lay(run, plan, cues, video)
    tracks.push({
      type: 'SUBTITLES',
      group: 'subtitles',
      name: plan.name,
      language: plan.language,
      uri: `${plan.id}.m3u8`,
      isDefault: plan.isDefault,
      isForced: plan.isForced,
    })
  }
  return tracks
}

async function extract(run: MuxRun, { index }: SubtitlePlan): Promise<readonly Cue[]> {
  const dir = await makingDir(run.space)
  try {
    const output = ['-map', `0:${index}`, '-c:s', 'webvtt', '-f', 'webvtt', 'all.vtt']
    await ffmpegOf(run, { args: [...foreignInput(run.order.input), ...output], cwd: dir })
    return parseCues(await readFile(join(dir, 'all.vtt'), 'utf8').catch(() => ''))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

async function lay(run: MuxRun, plan: SubtitlePlan, cues: readonly Cue[], video: Inspection) {
  const clock = video.segments[0]?.video?.first ?? 0
  const segments: { uri: string; seconds: number }[] = []
  let from = 0
  for (const [at, { seconds }] of video.segments.entries()) {
    const to = from + seconds
    // One that goes on is in both segments: a viewer may begin at either.
    const shown = cues.filter((cue) => cue.from < to && cue.to > from)
    const uri = `${plan.id}_${String(at).padStart(5, '0')}.vtt`
    await writeFile(join(run.space.dir, uri), renderVttSegment(shown, clock))
    segments.push({ uri, seconds })
    from = to
  }
  await writeFile(
    join(run.space.dir, `${plan.id}.m3u8`),
    renderMediaPlaylist({ segments, targetSeconds: targetSeconds(run) }),
  )
}
