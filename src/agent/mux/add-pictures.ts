import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ownPlaylist } from '../ffmpeg/input-args.ts'
import { stamp } from '../hls/web-vtt.ts'
import { ffmpegOf, type MuxRun } from './mux-run.ts'
import type { VideoPlan } from './plan-mux.ts'
import { makingDir } from './workspace.ts'

const tileWidth = 160
const perRow = 5
const perSheet = perRow * perRow
/** JPEG's range of brightness, in formats that ffmpeg does not call deprecated in three lines for each picture. */
const fullRange = 'scale=out_range=full,format=yuv420p'
const asJpeg = ['-color_range', 'pc', '-strict', 'unofficial', '-f', 'image2']

/**
 * A poster from the best rendition, and sheets of small pictures from the smallest, with a WebVTT file
 * that says which part of which sheet belongs to which time. A video without them is a video still.
 */
export async function addPictures(run: MuxRun, video: VideoPlan): Promise<void> {
  const [best] = video.renditions
  const smallest = video.renditions.at(-1)
  if (best === undefined || smallest === undefined) return
  const dir = await makingDir(run.space)
  const { seconds } = run.plan
  try {
    const at = (seconds * 0.1).toFixed(3)
    const from = join(run.space.dir, best.names.playlist)
    // Seeking in the input finds nothing in fMP4; of the key frames alone, reading up to it is quick.
    const one = ['-map', '0:v', '-ss', at, '-frames:v', '1', '-update', '1', '-vf', fullRange]
    const keys = ['-skip_frame', 'nokey', ...ownPlaylist(from)]
    await ffmpegOf(run, { args: [...keys, ...one, '-q:v', '3', ...asJpeg, 'poster.jpg'], cwd: dir })
    // Two seconds is how often there is a key frame; a long film gets no more than 300 pictures.
    const every = Math.max(2, Math.ceil(seconds / 300))
    const height = 2 * Math.round((tileWidth * smallest.height) / smallest.width / 2)
    const tiles = `fps=1/${every}:start_time=0,scale=${tileWidth}:${height},tile=${perRow}x${perRow}`
    // What the tiles leave empty is black in the range that they are put together in.
    const sheets = ['-vf', `${tiles},${fullRange}`, '-q:v', '5', ...asJpeg, 'sprite_%03d.jpg']
    const small = [
      '-skip_frame',
      'nokey',
      ...ownPlaylist(join(run.space.dir, smallest.names.playlist)),
    ]
    await ffmpegOf(run, { args: [...small, '-map', '0:v', ...sheets], cwd: dir })
    const files = (await readdir(dir)).filter((name) => /^(poster|sprite_\d+)\.jpg$/.test(name))
    for (const name of files) await rename(join(dir, name), join(run.space.dir, name))
    if (!files.includes('poster.jpg')) run.warn('no poster could be made')
    const count = files.filter((name) => name.startsWith('sprite_')).length
    if (count === 0) run.warn('no preview pictures could be made')
    else
      await writeFile(
        join(run.space.dir, 'thumbnails.vtt'),
        renderThumbnails({ seconds, every, height, sheets: count }),
      )
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

interface Sheets {
  readonly seconds: number
  readonly every: number
  readonly height: number
  readonly sheets: number
}

export function renderThumbnails({ seconds, every, height, sheets }: Sheets): string {
  const blocks = ['WEBVTT\n']
  const count = Math.min(Math.max(1, Math.round(seconds / every)), sheets * perSheet)
  for (let at = 0; at < count; at++) {
    const to = at === count - 1 ? seconds : (at + 1) * every
    const sheet = String(Math.floor(at / perSheet) + 1).padStart(3, '0')
    const x = (at % perRow) * tileWidth
    const y = Math.floor((at % perSheet) / perRow) * height
    const part = `sprite_${sheet}.jpg#xywh=${x},${y},${tileWidth},${height}`
    blocks.push(`${stamp(at * every)} --> ${stamp(to)}\n${part}\n`)
  }
  return blocks.join('\n')
}
