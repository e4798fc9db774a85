import type { MediaPrograms } from '../mux/mux-order.ts'
import { likeness } from './likeness.ts'
import { runFfmpeg } from './run-ffmpeg.ts'
import { complaint } from './try-encoder.ts'

interface DecoderKind {
  readonly name: string
  readonly codec: 'mpeg2video' | 'h264'
}

/** dB. A decoder has no excuse: its pictures are those of the software decoder. */
const leastLikeness = 40

/** Decodes two seconds and compares. Answers with why it is no use, or undefined where it is. */
export async function tryDecoder(
  programs: MediaPrograms,
  dir: string,
  { name, codec }: DecoderKind,
  h264Encoder: string | undefined,
): Promise<string | undefined> {
  const encoder = codec === 'h264' ? h264Encoder : codec
  if (encoder === undefined) return 'cannot be tried without an encoder'
  const run = (args: readonly string[]) =>
    runFfmpeg(programs, { args, cwd: dir, stallSeconds: 15, totalSeconds: 30 })
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
  if (end.kind !== 'ended') return `${complaint(end.kind, end.log)}${licence}`
  const alike = await likeness(programs, dir, ['-c:v', name, '-i', 'clip.ts'], ['-i', 'clip.ts'])
  return alike < leastLikeness
    ? `decodes wrongly (PSNR ${alike.toFixed(1)} dB)${licence}`
    : undefined
}
