import { realpath } from 'node:fs/promises'
import { basename, dirname, join, sep } from 'node:path'

/** Where a video of the media directory really lies, and where its HLS does. */
export interface Place {
  /** The media directory without links. */
  readonly mediaDir: string
  readonly input: string
  readonly output: string
}

/** `gone`: nothing is there. `outside`: a link leads out of the media directory, or the name is too long. */
export type Placed = Place | 'gone' | 'outside'

const longestName = 255

/**
 * Follows links, and refuses one that leads out: whoever may write to the share could have an agent
 * read the keys of its Pi, or write beside them.
 */
export async function placeOf(media: string, path: string): Promise<Placed> {
  const mediaDir = await realpath(media)
  const named = join(mediaDir, path)
  const outputName = `${basename(path)}.hls`
  if (Buffer.byteLength(outputName) > longestName) return 'outside'
  const parent = await real(dirname(named))
  const input = await real(named)
  if (parent === undefined || input === undefined) return 'gone'
  if (!isInside(mediaDir, input) || !(parent === mediaDir || isInside(mediaDir, parent)))
    return 'outside'
  return { mediaDir, input, output: join(parent, outputName) }
}

function isInside(dir: string, path: string): boolean {
  return path.startsWith(`${dir}${sep}`)
}

async function real(path: string): Promise<string | undefined> {
  try {
    return await realpath(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
