import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { foreignInput } from '../ffmpeg/input-args.ts'
import { failElsewhere, ffmpegOf, MuxFailure, type MuxRun } from './mux-run.ts'
import type { SoundTrack } from './plan-mux.ts'

/** Where an encoded track waits until renditions take it. */
export function stagedSound(run: MuxRun, track: SoundTrack): string {
  return join(run.space.scratch, `${track.names.id}.aac`)
}

/**
 * AAC is encoded with 1024 samples ahead of the sound. As many are cut off at the front, so that sound
 * and picture both begin at 0 and are in step in players that show the silence, as all do with TS.
 */
const filters = 'aresample=48000:async=1:first_pts=0,atrim=start_sample=1024,asetpts=N/SR/TB,apad'

/** Encodes each track once, however many renditions will carry it. As long as the video, exactly. */
export async function stageSound(run: MuxRun): Promise<void> {
  const { plan, space } = run
  const outputs = plan.sound.tracks.flatMap((track) => [
    ...['-map', `0:${track.index}`, '-map_metadata', '-1', '-af', filters],
    ...['-c:a', 'aac', '-ac', '2', '-ar', '48000', '-b:a', `${track.kbps}k`],
    ...['-t', plan.seconds.toFixed(6), '-f', 'adts', stagedSound(run, track)],
  ])
  if (outputs.length === 0) return
  const end = await ffmpegOf(run, {
    args: [...foreignInput(run.order.input), ...outputs],
    cwd: space.scratch,
    onProgress: ({ outSeconds, speed }) =>
      run.report('sound', outSeconds / plan.seconds, { speed }),
  })
  for (const track of plan.sound.tracks) {
    const { size } = await stat(stagedSound(run, track)).catch(() => ({ size: 0 }))
    // 1 kbit/s: silence takes little, but not nothing.
    if (end.kind === 'ended' && size > plan.seconds * 125) continue
    await failElsewhere(run, end)
    throw new MuxFailure('FFmpegErr', `the sound of track ${track.index} was not encoded`, { end })
  }
}
