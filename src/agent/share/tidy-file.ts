import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, open, realpath, rename, rm } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Tidied, TidyList } from '../../protocol/agent-api.ts'
import { readMuxRecord } from '../mux/mux-record.ts'
import { fingerprint } from '../mux/workspace.ts'
import { placeOf } from './place-of.ts'

export type TidyOrder = TidyList['files'][number]

export interface TidyPlaces {
  readonly mediaDir: string
  /** Below the media directory. */
  readonly originalsDir: string
}

/**
 * Takes an input out of the way whose HLS is live. Only one that our verified HLS beside it was made
 * from: with a video of the same name put there since, nobody has a copy of it.
 */
export async function tidyFile(places: TidyPlaces, order: TidyOrder): Promise<Tidied> {
  try {
    return await tidy(places, order)
  } catch (error) {
    return { outcome: 'refused', detail: (error as Error).message.slice(0, 500) }
  }
}

async function tidy({ mediaDir, originalsDir }: TidyPlaces, order: TidyOrder): Promise<Tidied> {
  const { path, policy } = order
  if (policy === 'keep') return { outcome: 'kept', detail: '' }
  const place = await placeOf(mediaDir, path)
  if (place === 'outside') return refuse('it leads out of the media directory')
  const kept = join(await realpath(mediaDir), originalsDir, path)
  if (place === 'gone') {
    const moved = (await lstat(kept).catch(() => undefined)) !== undefined
    return moved && policy === 'move'
      ? { outcome: 'moved', detail: 'it was there already' }
      : { outcome: 'gone', detail: '' }
  }
  const named = join(dirname(place.output), path.slice(path.lastIndexOf('/') + 1))
  if (place.input !== named) return refuse('it is a link')
  const record = await readMuxRecord(place.output)
  if (record === undefined) return refuse(`no HLS of ours is beside it`)
  if (record.fingerprint !== (await fingerprint(place.input)))
    return refuse('it is not the file that the HLS was made from')
  if (policy === 'delete') {
    await rm(place.input)
    return { outcome: 'deleted', detail: '' }
  }
  return await moveAside(place.mediaDir, place.input, kept)
}

async function moveAside(mediaDir: string, input: string, kept: string): Promise<Tidied> {
  if (!(await makeInside(mediaDir, dirname(kept))))
    return refuse('the directory of originals leads out of the media directory')
  if ((await lstat(kept).catch(() => undefined)) !== undefined)
    return refuse(`another ${relative(mediaDir, kept)} is there`)
  try {
    await rename(input, kept)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await copyOver(input, kept)
  }
  return { outcome: 'moved', detail: '' }
}

/** Level by level: `mkdir -p` would follow a link and make the rest of the path behind it. */
async function makeInside(mediaDir: string, dir: string): Promise<boolean> {
  let at = mediaDir
  for (const name of relative(mediaDir, dir).split(sep)) {
    at = join(at, name)
    await mkdir(at, { recursive: true })
    if (!(await realpath(at)).startsWith(`${mediaDir}${sep}`)) return false
  }
  return true
}

/** To another filesystem: the input goes only when the copy is whole and on disk. */
async function copyOver(input: string, kept: string): Promise<void> {
  const copy = `${kept}.copying`
  await rm(copy, { force: true })
  await copyFile(input, copy, constants.COPYFILE_EXCL)
  const file = await open(copy)
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(copy, kept)
  await rm(input)
}

function refuse(detail: string): Tidied {
  return { outcome: 'refused', detail }
}
