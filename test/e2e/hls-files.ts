import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import HLS from 'hls-parser'

/** What a player finds in one rendition of a video. */
export interface Rendition {
  readonly codec: string
  readonly size: string
  /** As its playlist has it. */
  readonly seconds: number
  /** As they come out of its segments. */
  readonly frames: number
  readonly hasSound: boolean
}

/**
 * Opens finished HLS as a player does, by no means of the muxer's own: its playlists are parsed, its
 * segments decoded to the last. Throws where one is missing, damaged or against the rules.
 */
export async function openHls(dir: string): Promise<readonly Rendition[]> {
  HLS.setOptions({ strictMode: true })
  const master = HLS.parse(await readFile(join(dir, 'manifest_master.m3u8'), 'utf8'))
  if (!('variants' in master)) throw new Error(`${dir}: its master playlist names no variants`)
  const played = master.variants.filter(({ isIFrameOnly }) => isIFrameOnly !== true)
  return await Promise.all(played.map(({ uri }) => openRendition(join(dir, uri))))
}

async function openRendition(playlist: string): Promise<Rendition> {
  const media = HLS.parse(await readFile(playlist, 'utf8'))
  if (!('segments' in media) || !media.endlist) throw new Error(`${playlist} has no end`)
  const fields = 'stream=codec_type,codec_name,width,height,nb_read_frames'
  const { stdout, stderr } = await execa('ffprobe', [
    ...['-v', 'error', '-allowed_extensions', 'ALL', '-count_frames'],
    ...['-show_entries', fields, '-of', 'json', playlist],
  ])
  // Of what it cannot decode it says so, and goes on.
  if (stderr !== '') throw new Error(`${playlist}: ${stderr}`)
  const { streams } = JSON.parse(stdout) as { readonly streams: readonly Stream[] }
  const of = (type: string) => streams.find(({ codec_type }) => codec_type === type)
  const picture = of('video')
  return {
    codec: picture?.codec_name ?? 'none',
    size: `${picture?.width}x${picture?.height}`,
    seconds: media.segments.reduce((sum, { duration }) => sum + duration, 0),
    frames: Number(picture?.nb_read_frames ?? 0),
    hasSound: Number(of('audio')?.nb_read_frames ?? 0) > 0,
  }
}

interface Stream {
  readonly codec_type: string
  readonly codec_name: string
  readonly width?: number
  readonly height?: number
  readonly nb_read_frames?: string
}
