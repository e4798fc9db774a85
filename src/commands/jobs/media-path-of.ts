import { basename, dirname, isAbsolute, join, relative } from 'node:path'
import { quoted, UserError } from '../../errors.ts'
import type { Reader } from '../../host/host.ts'

/**
 * A file as a person names it, as a path below the media directory: one that lies there on this
 * machine, or else a relative path that is meant so. Whether it is there is the controller's to say,
 * but where a file of that name lies only outside, it is that one that was meant.
 */
export async function mediaPathOf(
  nas: Reader,
  file: string,
  media: string | undefined,
): Promise<string> {
  const top = media === undefined ? undefined : await realOf(nas, media)
  // Not of the file itself: a link inside is a name of its own, and its HLS comes beside it.
  const dir = await realOf(nas, dirname(file))
  if (top !== undefined && dir !== undefined) {
    const below = relative(top, join(dir, basename(file)))
    if (!below.startsWith('..') && !isAbsolute(below)) return below
  }
  const isOutside = top !== undefined && (await realOf(nas, file)) !== undefined
  const isMeantBelow = !isOutside || (await realOf(nas, join(top, file))) !== undefined
  if (!isAbsolute(file) && isMeantBelow) return file
  throw new UserError(
    `${quoted(file)} is not below the media directory${media === undefined ? '' : ` ${media}`}`,
    { hint: 'lay it there, or say where that directory is on this machine: --media DIR' },
  )
}

async function realOf(nas: Reader, path: string): Promise<string | undefined> {
  const { code, stdout } = await nas.ask(['realpath', '-e', '--', path])
  return code === 0 ? stdout.replace(/\n$/, '') : undefined
}
