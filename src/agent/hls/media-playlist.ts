import { parseTags, quoted } from './tags.ts'

/** A media playlist (RFC 8216, 4.3.2 and 4.3.3) of a finished presentation. */
export interface MediaPlaylist {
  readonly version: number
  readonly targetSeconds: number
  readonly isVod: boolean
  readonly isEnded: boolean
  readonly areIndependent: boolean
  readonly areIFrames: boolean
  readonly firstSequence: number
  /** The initialisation section of fMP4. */
  readonly map: string | undefined
  readonly segments: readonly PlaylistSegment[]
}

export interface PlaylistSegment {
  readonly uri: string
  readonly seconds: number
  readonly range?: ByteRange
  /** The URI of the key of AES-128. */
  readonly key?: string
}

export interface ByteRange {
  readonly offset: number
  readonly length: number
}

export function parseMediaPlaylist(text: string): MediaPlaylist | undefined {
  const lines = parseTags(text)
  if (lines === undefined) return undefined
  const value = (name: string) => lines.find((line) => line.name === name)?.value
  const segments: PlaylistSegment[] = []
  let seconds = Number.NaN
  let range: ByteRange | undefined
  let key: string | undefined
  for (const line of lines) {
    if (line.name === 'EXTINF') seconds = Number.parseFloat(line.value)
    else if (line.name === 'EXT-X-BYTERANGE') range = parseRange(line.value)
    else if (line.name === 'EXT-X-KEY')
      key = line.attributes.METHOD === 'NONE' ? undefined : (line.attributes.URI ?? '')
    else if (line.name === undefined) {
      segments.push({
        uri: line.value,
        seconds,
        ...(range === undefined ? {} : { range }),
        ...(key === undefined ? {} : { key }),
      })
      seconds = Number.NaN
      range = undefined
    }
  }
  return {
    version: Number(value('EXT-X-VERSION') ?? 1),
    targetSeconds: Number(value('EXT-X-TARGETDURATION')),
    isVod: value('EXT-X-PLAYLIST-TYPE') === 'VOD',
    isEnded: value('EXT-X-ENDLIST') !== undefined,
    areIndependent: value('EXT-X-INDEPENDENT-SEGMENTS') !== undefined,
    areIFrames: value('EXT-X-I-FRAMES-ONLY') !== undefined,
    firstSequence: Number(value('EXT-X-MEDIA-SEQUENCE') ?? 0),
    map: lines.find((line) => line.name === 'EXT-X-MAP')?.attributes.URI,
    segments,
  }
}

function parseRange(value: string): ByteRange | undefined {
  const [, length, offset] = /^(\d+)@(\d+)$/.exec(value) ?? []
  return length === undefined ? undefined : { length: Number(length), offset: Number(offset) }
}

interface PlaylistParts {
  readonly segments: readonly PlaylistSegment[]
  readonly targetSeconds: number
  readonly map?: string | undefined
  readonly areIFrames?: boolean
}

/** The initialisation section stands before the key: encrypted, it would need an IV of its own. */
export function renderMediaPlaylist({ segments, targetSeconds, map, ...parts }: PlaylistParts) {
  const version = map === undefined ? (parts.areIFrames ? 4 : 3) : 6
  const lines = [
    '#EXTM3U',
    `#EXT-X-VERSION:${version}`,
    `#EXT-X-TARGETDURATION:${targetSeconds}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    parts.areIFrames ? '#EXT-X-I-FRAMES-ONLY' : '#EXT-X-INDEPENDENT-SEGMENTS',
  ]
  if (map !== undefined) lines.push(`#EXT-X-MAP:URI=${quoted(map)}`)
  let key: string | undefined
  for (const segment of segments) {
    if (segment.key !== undefined && segment.key !== key)
      lines.push(`#EXT-X-KEY:METHOD=AES-128,URI=${quoted(segment.key)}`)
    key = segment.key
    lines.push(`#EXTINF:${segment.seconds.toFixed(6)},`)
    if (segment.range !== undefined)
      lines.push(`#EXT-X-BYTERANGE:${segment.range.length}@${segment.range.offset}`)
    lines.push(segment.uri)
  }
  return `${lines.join('\n')}\n#EXT-X-ENDLIST\n`
}
