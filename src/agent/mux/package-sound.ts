import { rm } from 'node:fs/promises'
import { ownStream } from '../ffmpeg/input-args.ts'
import { hlsArgs, soundCopyArgs } from './encoder-args.ts'
import { finishedBy, finishRendition } from './finish-rendition.ts'
import { failElsewhere, ffmpegOf, MuxFailure, type MuxRun } from './mux-run.ts'
import { stagedSound } from './stage-sound.ts'
import { makingDir } from './workspace.ts'

/** Sound that is a rendition of its own: several languages, or a file without video. */
export async function packageSound(run: MuxRun): Promise<void> {
  const { kind, tracks } = run.plan.sound
  if (kind !== 'group' && kind !== 'only') return
  for (const track of tracks) {
    if ((await finishedBy(run, track.names)) !== undefined) continue
    const dir = await makingDir(run.space)
    try {
      const end = await ffmpegOf(run, {
        args: [
          ...ownStream(stagedSound(run, track), 'aac'),
          ...['-map', '0:a', ...soundCopyArgs(run.plan), ...hlsArgs(run.plan, track.names)],
        ],
        cwd: dir,
      })
      const [problem] = await finishRendition(run, dir, track.names, {
        encoder: 'aac',
        argv: end.argv,
      })
      if (problem === undefined) continue
      await failElsewhere(run, end)
      throw new MuxFailure('VerifyFailed', problem, { end })
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }
}
