import { createCipheriv, randomBytes } from 'node:crypto'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Inspection, inspectRendition, sequenceIv } from '../hls/inspect-rendition.ts'
import { type PlaylistSegment, renderMediaPlaylist } from '../hls/media-playlist.ts'
import type { MuxRun } from './mux-run.ts'
import type { RenditionNames } from './plan-mux.ts'
import { writeWhole } from './workspace.ts'

export interface MadeBy {
  readonly encoder: string
  /** The ffmpeg that encoded it, word by word. */
  readonly argv: readonly string[]
}

/** Says that a rendition is whole, by what, and how large each of its files is. */
interface DoneNote extends MadeBy {
  readonly files: Readonly<Record<string, number>>
}

/**
 * Looks at what ffmpeg left in `from`, and when it is good moves it to its place. Answers with what is
 * wrong with it. The note comes last: what has none is made again.
 */
export async function finishRendition(
  run: MuxRun,
  from: string,
  names: RenditionNames,
  by: MadeBy,
): Promise<readonly string[]> {
  const inspection = await inspectRendition(from, names.playlist)
  const missing = run.plan.seconds - inspection.seconds
  if (inspection.problems.length > 0) return inspection.problems
  if (Math.abs(missing) > Math.max(0.25, 2 / (inspection.framesPerSecond || 25)))
    return [`${names.playlist} lasts ${inspection.seconds.toFixed(3)} s of ${run.plan.seconds}`]
  const segments = segmentsOf(inspection)
  const target = targetSeconds(run)
  // Of an encoder that puts its key frames where it likes.
  const long = segments.find((each) => Math.round(each.seconds) > target)
  if (long !== undefined)
    return [`${long.uri} lasts ${long.seconds.toFixed(3)} s, more than ${target}`]
  const key = run.plan.settings.encrypt ? randomBytes(16) : undefined
  if (key !== undefined) await writeFile(join(from, names.key), key)
  for (const [at, { uri }] of inspection.segments.entries())
    if (key !== undefined) await encrypt(join(from, uri), key, at)
  await writeFile(
    join(from, names.playlist),
    renderMediaPlaylist({
      segments: segments.map((each) => (key === undefined ? each : { ...each, key: names.key })),
      targetSeconds: target,
      map: inspection.playlist?.map,
    }),
  )
  const files = [
    ...inspection.segments.map((each) => each.uri),
    ...(key === undefined ? [] : [names.key]),
    ...(inspection.playlist?.map === undefined ? [] : [names.init]),
    names.playlist,
  ]
  const sizes: Record<string, number> = {}
  for (const file of files) {
    await rename(join(from, file), join(run.space.dir, file))
    sizes[file] = (await stat(join(run.space.dir, file))).size
  }
  const note: DoneNote = { ...by, files: sizes }
  await writeWhole(noteOf(run, names), JSON.stringify(note))
  return []
}

/** What made a rendition that was finished, by whatever attempt, and that is still as it was left. */
export async function finishedBy(run: MuxRun, names: RenditionNames): Promise<MadeBy | undefined> {
  const text = await readFile(noteOf(run, names), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const note = JSON.parse(text) as DoneNote
  for (const [file, size] of Object.entries(note.files)) {
    const found = await stat(join(run.space.dir, file)).catch(() => undefined)
    if (found?.size !== size) return undefined
  }
  return note
}

function noteOf(run: MuxRun, names: RenditionNames): string {
  return join(run.space.notes, `${names.id}.done`)
}

/** All renditions have the same, so that a player may change between them (RFC 8216, 6.2.4). */
export function targetSeconds(run: MuxRun): number {
  return Math.max(1, Math.round(run.plan.segmentSeconds))
}

/** Lengths by the pictures, which agree to the tick over all renditions; ffmpeg's own do not. */
function segmentsOf(inspection: Inspection): readonly PlaylistSegment[] {
  const frame = 1 / (inspection.framesPerSecond || 25)
  return inspection.segments.map(({ uri, seconds, video }, at) => {
    const next = inspection.segments[at + 1]?.video?.first
    const real = video === undefined ? seconds : (next ?? video.last + frame) - video.first
    return { uri, seconds: real }
  })
}

async function encrypt(path: string, key: Buffer, sequence: number): Promise<void> {
  const cipher = createCipheriv('aes-128-cbc', key, sequenceIv(sequence))
  const clear = await readFile(path)
  await writeFile(path, Buffer.concat([cipher.update(clear), cipher.final()]))
}
