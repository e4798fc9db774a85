import { constants } from 'node:fs'
import { access, readdir, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'
import { quoted } from '../errors.ts'
import { mediaPath } from '../protocol/job.ts'
import type { MediaListing } from '../protocol/views.ts'
import { versionOf } from './file-version.ts'
import { Refused } from './queue/refused.ts'

const mostEntries = 5000
const longestName = 255

export interface MediaFile {
  /** Where it really is. */
  readonly real: string
  readonly version: string
}

/** The directory with the videos. Nothing outside it is ever shown or taken, links or not. */
export interface MediaDir {
  readonly dir: string
  /** Refuses a path that is not a file inside. */
  file(path: string): Promise<MediaFile>
  /** The date in ms of the HLS where a muxer would lay it, if any: beside the file as it is named, not as a link in its place leads on. */
  hlsMadeAt(path: string): Promise<number | undefined>
  list(dir: string): Promise<MediaListing>
}

export function mediaDir(dir: string): MediaDir {
  const inside = async (path: string): Promise<string> => {
    const real = await realpath(join(dir, path)).catch(() => undefined)
    const top = await realpath(dir).catch(() => undefined)
    if (top === undefined)
      throw new Refused(409, 'the media directory is not there', 'is it mounted?')
    if (real === undefined)
      throw new Refused(400, `there is no ${JSON.stringify(path)} in the media directory`)
    if (real !== top && !real.startsWith(`${top}${sep}`))
      throw new Refused(400, `${JSON.stringify(path)} leads out of the media directory`)
    return real
  }
  return {
    dir,
    file: async (path) => {
      const real = await inside(path)
      const found = await stat(real)
      if (!found.isFile()) throw new Refused(400, `${JSON.stringify(path)} is not a file`)
      await access(real, constants.R_OK).catch(() => {
        throw new Refused(400, `${JSON.stringify(path)} cannot be read by the controller`)
      })
      return { real, version: versionOf(found) }
    },
    hlsMadeAt: async (path) => {
      const name = `${basename(path)}.hls`
      if (Buffer.byteLength(name) > longestName)
        throw new Refused(
          400,
          `the name of ${quoted(path)} is too long: ${longestName} bytes with ".hls" after it`,
        )
      return await stat(join(await inside(dirname(path)), name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      )
    },
    list: async (wanted) => {
      if (wanted !== '') mediaPath.parse(wanted)
      const real = await inside(wanted)
      if (!(await stat(real)).isDirectory())
        throw new Refused(400, `${JSON.stringify(wanted)} is not a directory`)
      const names = (await readdir(real)).filter((name) => !name.startsWith('.')).sort()
      const entries = await Promise.all(
        names.slice(0, mostEntries).map((name) => entryOf(inside, wanted, name)),
      )
      return { dir: wanted, entries: entries.filter((entry) => entry !== undefined) }
    },
  }
}

/** Undefined for what no job could be made of: links that lead out, sockets, unfinished work. */
async function entryOf(
  inside: (path: string) => Promise<string>,
  dir: string,
  name: string,
): Promise<MediaListing['entries'][number] | undefined> {
  const path = dir === '' ? name : `${dir}/${name}`
  if (!mediaPath.safeParse(path).success || /\.hls\.(?:partial|trash)/.test(name)) return undefined
  const found = await inside(path)
    .then((real) => stat(real))
    .catch(() => undefined)
  if (found?.isDirectory())
    return { name, kind: name.endsWith('.hls') ? 'hls' : 'dir', bytes: null }
  return found?.isFile() ? { name, kind: 'file', bytes: found.size } : undefined
}
