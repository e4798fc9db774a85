import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { runFfmpeg } from '../ffmpeg/run-ffmpeg.ts'
import type { MediaPrograms, Verdict } from '../mux/mux-order.ts'
import { segmentBytes } from './inspect-rendition.ts'
import type { MediaPlaylist } from './media-playlist.ts'

interface Decoding {
  readonly programs: MediaPrograms
  readonly extent: 'ends' | 'all'
}

/**
 * Has ffmpeg decode what a player would get, and takes its first complaint for a problem. At the ends
 * each segment is decoded alone, as after a seek.
 */
export async function decodeRendition(
  dir: string,
  name: string,
  playlist: MediaPlaylist,
  { programs, extent }: Decoding,
): Promise<Verdict> {
  const init = playlist.map === undefined ? undefined : await readFile(join(dir, playlist.map))
  const head = init === undefined ? [] : [init]
  const format = init === undefined ? 'mpegts' : 'mp4'
  const problems: string[] = []
  const decode = async (what: string, input: Readable) => {
    const complaint = await firstComplaint(programs, dir, format, input)
    if (complaint !== undefined) problems.push(`${what} does not decode: ${complaint}`)
  }
  if (extent === 'all')
    await decode(name, Readable.from(wholeRendition(dir, playlist, head), { objectMode: false }))
  const last = playlist.segments.length - 1
  for (const at of new Set([0, last])) {
    const segment = playlist.segments.slice(at, at + 1)
    const alone = { ...playlist, segments: segment, firstSequence: playlist.firstSequence + at }
    for await (const { uri, bytes } of segmentBytes(dir, alone))
      await decode(uri, Readable.from([Buffer.concat([...head, bytes])], { objectMode: false }))
  }
  return { problems, warnings: [] }
}

async function* wholeRendition(dir: string, playlist: MediaPlaylist, head: readonly Buffer[]) {
  yield* head
  for await (const { bytes } of segmentBytes(dir, playlist)) yield bytes
}

async function firstComplaint(
  programs: MediaPrograms,
  cwd: string,
  format: string,
  input: Readable,
): Promise<string | undefined> {
  const strict = ['-xerror', '-err_detect', 'crccheck+bitstream+buffer+explode']
  const source = [...strict, '-protocol_whitelist', 'pipe', '-f', format, '-i', 'pipe:0']
  const end = await runFfmpeg(programs, {
    args: [...source, '-map', '0', '-f', 'null', '-'],
    cwd,
    input,
    stallSeconds: 90,
    totalSeconds: 3600,
  })
  programs.signal.throwIfAborted()
  const error = end.log.split('\n').find((line) => /\[(error|fatal)\]/.test(line))
  if (end.kind === 'ended' && error === undefined) return undefined
  return error?.trim() ?? `ffmpeg ${end.kind}`
}
