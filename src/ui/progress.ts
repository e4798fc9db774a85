import prettyBytes from 'pretty-bytes'
import type { HowFar } from './ui.ts'

const width = 20

/**
 * `[#####.....] 52 %  411 MB of 790 MB  212 MB/s  ETA 2 s`. The total is a guess that the bytes may
 * run past; 0 where nobody knows it: then there is no bar.
 */
export function bar({ done, total, of }: HowFar, msElapsed: number): string {
  const parts = total > 0 ? [percentBar((done / total) * 100)] : []
  if (of !== 'percent') parts.push(amount(done, total))
  // A rate over less than this is noise.
  if (msElapsed >= 500 && done > 0) {
    const rate = done / (msElapsed / 1000)
    parts.push(of === 'percent' ? `${Number((rate * 60).toPrecision(2))} %/min` : `${size(rate)}/s`)
    if (total > done) parts.push(`ETA ${duration((total - done) / rate)}`)
  }
  return parts.join('  ')
}

function amount(bytesDone: number, bytesTotal: number): string {
  if (bytesTotal === 0) return size(bytesDone)
  return `${size(bytesDone)} of ${size(Math.max(bytesTotal, bytesDone))}`
}

/** `[#####.....] 52 %` */
export function percentBar(percent: number): string {
  const shown = Math.min(100, Math.max(0, percent))
  const filled = Math.floor((shown / 100) * width)
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${Math.floor(shown)} %`
}

function size(bytes: number): string {
  return prettyBytes(Math.round(bytes), { maximumFractionDigits: bytes < 1e9 ? 0 : 1 })
}

export function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  if (whole < 48 * 3600)
    return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
  return `${Math.floor(whole / 86_400)} days`
}
