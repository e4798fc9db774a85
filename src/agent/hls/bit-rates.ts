/** How much a segment holds and how long it plays. */
export interface Weight {
  readonly bytes: number
  readonly seconds: number
}

/** bit/s over everything, containers included. */
export function averageBitRate(segments: readonly Weight[]): number {
  const { bytes, seconds } = sum(segments)
  return seconds > 0 ? Math.ceil((bytes * 8) / seconds) : 0
}

/** The largest of any run of segments that lasts 0.5 to 1.5 times the target (RFC 8216, 4.1). */
export function peakBitRate(segments: readonly Weight[], targetSeconds: number): number {
  let peak = 0
  segments.forEach((_, from) => {
    let [bytes, seconds] = [0, 0]
    for (const segment of segments.slice(from)) {
      bytes += segment.bytes
      seconds += segment.seconds
      if (seconds > 1.5 * targetSeconds) break
      if (seconds >= 0.5 * targetSeconds) peak = Math.max(peak, (bytes * 8) / seconds)
    }
  })
  // A presentation shorter than half a target has no such run.
  return peak > 0 ? Math.ceil(peak) : averageBitRate(segments)
}

function sum(segments: readonly Weight[]): Weight {
  return {
    bytes: segments.reduce((total, each) => total + each.bytes, 0),
    seconds: segments.reduce((total, each) => total + each.seconds, 0),
  }
}
