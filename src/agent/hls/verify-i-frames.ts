import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Verdict } from '../mux/mux-order.ts'
import { type Inspection, isPlainName } from './inspect-rendition.ts'
import type { Variant } from './master-playlist.ts'
import { type ByteRange, parseMediaPlaylist } from './media-playlist.ts'
import { tsReader } from './segment-facts.ts'

/** Each byte range holds one picture that stands alone, and together they cover the video. */
export async function verifyIFrames(
  dir: string,
  { uri }: Variant,
  video: Inspection | undefined,
): Promise<Verdict> {
  const text = isPlainName(uri) ? await readFile(join(dir, uri), 'utf8').catch(() => '') : ''
  const playlist = parseMediaPlaylist(text)
  if (playlist === undefined || playlist.segments.length === 0)
    return { problems: [`${uri} is no playlist in this directory`], warnings: [] }
  const problems: string[] = []
  if (!playlist.areIFrames) problems.push(`${uri} lacks EXT-X-I-FRAMES-ONLY`)
  let seconds = 0
  for (const segment of playlist.segments) {
    seconds += segment.seconds
    const { range, uri: name } = segment
    const bytes =
      range !== undefined && isPlainName(name)
        ? await partOf(join(dir, name), range).catch(() => Buffer.alloc(0))
        : Buffer.alloc(0)
    const picture = tsReader()(bytes).video
    if (picture === undefined || !picture.beginsAlone || picture.pictures !== 1)
      problems.push(`${uri}: the bytes at ${range?.offset} of ${name} are no I-frame`)
  }
  if (video !== undefined && Math.abs(video.seconds - seconds) > 0.5)
    problems.push(`${uri} lasts ${seconds.toFixed(3)} s, the video ${video.seconds.toFixed(3)}`)
  return { problems, warnings: [] }
}

/** No more than was asked for: with whole segments all of the film would be read again. */
async function partOf(path: string, { offset, length }: ByteRange): Promise<Buffer> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    const part = Buffer.alloc(Math.max(0, Math.min(length, size - offset)))
    const { bytesRead } = await file.read(part, 0, part.length, offset)
    return part.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
