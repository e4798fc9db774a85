import type { FfmpegEnd } from './run-ffmpeg.ts'

export const hangs = 'hangs'

/** The first error that ffmpeg told, without its prefix; where it told none, what was said last. */
export function complaint({ kind, log }: FfmpegEnd): string {
  const lines = log.split('\n').filter((each) => each.trim() !== '')
  const line = lines.find((each) => /\[(error|fatal)\]/.test(each)) ?? lines.at(-1)
  const said = line?.replace(/^.*\[(?:error|fatal)\]\s*/, '').trim()
  return kind === 'hung' ? hangs : (said ?? `ffmpeg ${kind}`)
}
