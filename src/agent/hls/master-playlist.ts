import { parseTags, quoted } from './tags.ts'

/** A master playlist (RFC 8216, 4.3.4). What is undefined was not said. */
export interface MasterPlaylist {
  readonly version: number
  readonly areIndependent: boolean
  readonly variants: readonly Variant[]
  /** I-frame playlists: variants for scrubbing. */
  readonly iFrames: readonly Variant[]
  readonly tracks: readonly Track[]
}

export interface Variant {
  readonly uri: string
  readonly bandwidth: number | undefined
  readonly averageBandwidth: number | undefined
  readonly codecs: string | undefined
  readonly width: number | undefined
  readonly height: number | undefined
  readonly framesPerSecond: number | undefined
  readonly audio: string | undefined
  readonly subtitles: string | undefined
}

/** EXT-X-MEDIA: sound or subtitles in a language. */
export interface Track {
  readonly type: 'AUDIO' | 'SUBTITLES'
  readonly group: string
  readonly name: string
  readonly language: string | undefined
  readonly uri: string
  readonly isDefault: boolean
  readonly isForced: boolean
}

export function parseMasterPlaylist(text: string): MasterPlaylist | undefined {
  const lines = parseTags(text)
  if (lines === undefined) return undefined
  const variants: Variant[] = []
  lines.forEach((line, at) => {
    if (line.name !== 'EXT-X-STREAM-INF') return
    const next = lines[at + 1]
    variants.push(readVariant(line.attributes, next?.name === undefined ? (next?.value ?? '') : ''))
  })
  return {
    version: Number(lines.find((line) => line.name === 'EXT-X-VERSION')?.value ?? 1),
    areIndependent: lines.some((line) => line.name === 'EXT-X-INDEPENDENT-SEGMENTS'),
    variants,
    iFrames: lines.flatMap(({ name, attributes }) =>
      name === 'EXT-X-I-FRAME-STREAM-INF' ? [readVariant(attributes, attributes.URI ?? '')] : [],
    ),
    tracks: lines.flatMap(({ name, attributes }) =>
      name === 'EXT-X-MEDIA' ? [readTrack(attributes)] : [],
    ),
  }
}

type Attributes = Readonly<Record<string, string>>

function readVariant(attributes: Attributes, uri: string): Variant {
  const [width, height] = attributes.RESOLUTION?.split('x') ?? []
  return {
    uri,
    bandwidth: number(attributes.BANDWIDTH),
    averageBandwidth: number(attributes['AVERAGE-BANDWIDTH']),
    codecs: attributes.CODECS,
    width: number(width),
    height: number(height),
    framesPerSecond: number(attributes['FRAME-RATE']),
    audio: attributes.AUDIO,
    subtitles: attributes.SUBTITLES,
  }
}

function number(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function readTrack(attributes: Attributes): Track {
  return {
    type: attributes.TYPE === 'SUBTITLES' ? 'SUBTITLES' : 'AUDIO',
    group: attributes['GROUP-ID'] ?? '',
    name: attributes.NAME ?? '',
    language: attributes.LANGUAGE,
    uri: attributes.URI ?? '',
    isDefault: attributes.DEFAULT === 'YES',
    isForced: attributes.FORCED === 'YES',
  }
}

export function renderMasterPlaylist(master: MasterPlaylist): string {
  return `${[
    '#EXTM3U',
    `#EXT-X-VERSION:${master.version}`,
    ...(master.areIndependent ? ['#EXT-X-INDEPENDENT-SEGMENTS'] : []),
    ...master.tracks.map(renderTrack),
    ...master.variants.map((each) => `#EXT-X-STREAM-INF:${renderVariant(each)}\n${each.uri}`),
    ...master.iFrames.map(
      (each) => `#EXT-X-I-FRAME-STREAM-INF:${renderVariant(each)},URI=${quoted(each.uri)}`,
    ),
  ].join('\n')}\n`
}

function renderTrack(track: Track): string {
  return `#EXT-X-MEDIA:${list({
    TYPE: track.type,
    'GROUP-ID': quoted(track.group),
    NAME: quoted(track.name),
    LANGUAGE: track.language === undefined ? undefined : quoted(track.language),
    DEFAULT: track.isDefault ? 'YES' : 'NO',
    AUTOSELECT: 'YES',
    FORCED: track.type === 'AUDIO' ? undefined : track.isForced ? 'YES' : 'NO',
    CHANNELS: track.type === 'AUDIO' ? '"2"' : undefined,
    URI: quoted(track.uri),
  })}`
}

function renderVariant(variant: Variant): string {
  const { width, height, framesPerSecond: fps } = variant
  return list({
    BANDWIDTH: variant.bandwidth,
    'AVERAGE-BANDWIDTH': variant.averageBandwidth,
    CODECS: variant.codecs === undefined ? undefined : quoted(variant.codecs),
    RESOLUTION: width === undefined || height === undefined ? undefined : `${width}x${height}`,
    'FRAME-RATE': fps?.toFixed(3),
    AUDIO: variant.audio === undefined ? undefined : quoted(variant.audio),
    SUBTITLES: variant.subtitles === undefined ? undefined : quoted(variant.subtitles),
  })
}

function list(attributes: Readonly<Record<string, string | number | undefined>>): string {
  const said = Object.entries(attributes).filter(([, value]) => value !== undefined)
  return said.map(([name, value]) => `${name}=${value}`).join(',')
}
