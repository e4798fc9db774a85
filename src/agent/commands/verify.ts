import { exitCodes } from '../../errors.ts'
import { verifyHls } from '../hls/verify.ts'

export interface VerifyCommand {
  readonly dir: string
  readonly json: boolean
  readonly decode: boolean
  readonly signal: AbortSignal
}

/** Judges an HLS directory, whoever made it. Ends with 3 where it is not good. */
export async function verify({ dir, json, decode, signal }: VerifyCommand): Promise<number> {
  const programs = { ffmpeg: ['ffmpeg'], ffprobe: ['ffprobe'], signal, log: () => {} }
  const verdict = await verifyHls(dir, decode ? { decode: { programs, extent: 'all' } } : {})
  const { problems, warnings, variants } = verdict
  const renditions = variants.map((each) => ({
    playlist: each.uri,
    width: each.width,
    height: each.height,
    framesPerSecond: each.framesPerSecond,
    codecs: each.codecs,
    bandwidth: each.bandwidth,
    averageBandwidth: each.averageBandwidth,
  }))
  const lines = [
    ...renditions.map(
      (each) =>
        `rendition  ${each.playlist}: ${each.width}x${each.height}, ${each.bandwidth} bit/s, ${each.codecs.join()}`,
    ),
    ...problems.map((line) => `problem    ${line}`),
    ...warnings.map((line) => `warning    ${line}`),
    problems.length === 0 ? 'good' : 'not good',
  ]
  const text = json
    ? JSON.stringify({ problems, warnings, renditions }, undefined, 2)
    : lines.join('\n')
  process.stdout.write(`${text}\n`)
  return problems.length === 0 ? exitCodes.done : exitCodes.putBack
}
