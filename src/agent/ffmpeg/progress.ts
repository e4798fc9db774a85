/** What ffmpeg's `-progress` says of a moment. */
export interface FfmpegProgress {
  readonly outSeconds: number
  readonly fps: number | null
  /** Times real time. */
  readonly speed: number | null
}

/** Takes what comes from the pipe, piece by piece; answers with each moment that became whole. */
export function progressReader(): (piece: string) => readonly FfmpegProgress[] {
  let rest = ''
  let seconds = 0
  let fps: number | null = null
  let speed: number | null = null
  return (piece) => {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    return lines.flatMap((line) => {
      const [key = '', value = ''] = line.trim().split('=')
      // out_time_ms is in microseconds too.
      if (key === 'out_time_us') seconds = number(value) ?? seconds
      else if (key === 'fps') fps = number(value)
      else if (key === 'speed') speed = number(value)
      return key === 'progress' ? [{ outSeconds: Math.max(0, seconds / 1e6), fps, speed }] : []
    })
  }
}

/** `N/A` and ` 12.3x` occur. */
function number(text: string): number | null {
  const value = Number.parseFloat(text)
  return Number.isFinite(value) ? value : null
}
