/** One subtitle; times in seconds. */
export interface Cue {
  readonly from: number
  readonly to: number
  /** Settings after the times, e.g. `line:0`, and the text, as they were. */
  readonly settings: string
  readonly text: string
}

/** The cues of a WebVTT file; styles, notes and whatever cannot be read are left out. */
export function parseCues(text: string): readonly Cue[] {
  const blocks = text.replace(/\r\n?/g, '\n').split(/\n{2,}/)
  return blocks.flatMap((block): readonly Cue[] => {
    const lines = block.trim().split('\n')
    const at = lines.findIndex((line) => line.includes('-->'))
    const [, from = '', to = '', settings = ''] =
      /^\s*([\d:.]+)\s+-->\s+([\d:.]+)[ \t]*(.*)$/.exec(lines[at] ?? '') ?? []
    const [start, end] = [seconds(from), seconds(to)]
    if (at < 0 || start === undefined || end === undefined || end <= start) return []
    return [{ from: start, to: end, settings, text: lines.slice(at + 1).join('\n') }]
  })
}

function seconds(text: string): number | undefined {
  const [, hours = '0', minutes, rest] = /^(?:(\d+):)?(\d\d):(\d\d\.\d{3})$/.exec(text) ?? []
  if (minutes === undefined || rest === undefined) return undefined
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(rest)
}

/**
 * One segment of a subtitle track. Cue times count from the start of the presentation, which the map
 * ties to the clock of the video (RFC 8216, 3.5); without it players take the two for one.
 */
export function renderVttSegment(cues: readonly Cue[], firstPts: number): string {
  const map = `X-TIMESTAMP-MAP=MPEGTS:${Math.round(firstPts * 90_000)},LOCAL:00:00:00.000`
  const blocks = cues.map(
    ({ from, to, settings, text }) =>
      `${stamp(from)} --> ${stamp(to)}${settings === '' ? '' : ` ${settings}`}\n${text}\n`,
  )
  return [`WEBVTT\n${map}\n`, ...blocks].join('\n')
}

export function stamp(time: number): string {
  const ms = Math.round(time * 1000)
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0')
  const parts = [two(ms / 3_600_000), two((ms / 60_000) % 60), two((ms / 1000) % 60)]
  return `${parts.join(':')}.${String(ms % 1000).padStart(3, '0')}`
}

/** The MPEGTS of a segment's map, in seconds. */
export function mappedPts(text: string): number | undefined {
  const [, pts] = /^X-TIMESTAMP-MAP=(?:LOCAL:[\d:.]+,)?MPEGTS:(\d+)/m.exec(text) ?? []
  return pts === undefined ? undefined : Number(pts) / 90_000
}
