import type { MediaPrograms } from '../mux/mux-order.ts'
import { complaint } from './complaint.ts'
import { runFfmpeg } from './run-ffmpeg.ts'
import type { Patience } from './trial-limits.ts'
import { unlike } from './unlike.ts'

interface DecoderKind {
  readonly name: string
  readonly codec: 'mpeg2video' | 'h264'
}

/** dB. A decoder has no excuse: its pictures are those of the software decoder. */
const leastLikeness = 40

interface DecoderTrial {
  readonly dir: string
  readonly patience: Patience
  /** One that works. */
  readonly h264Encoder: string | undefined
}

/** Decodes two seconds and compares. Answers with why it is no use, or undefined where it is. */
export async function tryDecoder(
  programs: MediaPrograms,
  { name, codec }: DecoderKind,
  { dir, patience, h264Encoder }: DecoderTrial,
): Promise<string | undefined> {
  const encoder = codec === 'h264' ? h264Encoder : codec
  if (encoder === undefined) return 'cannot be tried without an encoder'
  const run = (args: readonly string[]) => runFfmpeg(programs, { args, cwd: dir, ...patience })
  const source = ['-f', 'lavfi', '-i', 'testsrc2=size=640x384:rate=25:duration=2']
  const clip = ['-pix_fmt', 'yuv420p', '-c:v', encoder, '-b:v', '2M', '-f', 'mpegts', 'clip.ts']
  await run([...source, ...clip])
  const end = await run(['-c:v', name, '-i', 'clip.ts', '-f', 'null', '-'])
  programs.signal.throwIfAborted()
  // The firmware decodes MPEG-2 with a licence for this board's own serial number, and says no more.
  const licence =
    codec === 'mpeg2video'
      ? '; is decode_MPG2= in config.txt the key for the serial of this Pi?'
      : ''
  if (end.kind !== 'ended') return `${complaint(end)}${licence}`
  const wrong = await unlike(programs, {
    dir,
    patience,
    inputs: [
      ['-c:v', name, '-i', 'clip.ts'],
      ['-i', 'clip.ts'],
    ],
    least: leastLikeness,
    wrong: 'decodes wrongly',
  })
  return wrong === undefined ? undefined : `${wrong}${licence}`
}
