import { UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'

/**
 * What of a zip is the image, for unzip and zipinfo. macOS lays a file of its own beside each that
 * it packs, under the same name in a directory of that name.
 */
export const imageIn = ['*.img', '-x', '__MACOSX/*'] as const

/** Refuses a zip that can be read and has not the one image. */
export async function refuseOtherZip(nas: Host, path: string): Promise<void> {
  const { code, stdout } = await nas.ask(['unzip', '-Z1', path, ...imageIn])
  if (code !== 0 && code !== nothingFound) return
  const names = code === 0 ? stdout.trim().split('\n') : []
  if (names.length === 1) return
  const what = names.length === 0 ? 'no .img file' : `${names.length} .img files`
  throw new UserError(`${path} holds ${what}`, {
    hint: 'a zip has to hold the image of one card, as Raspberry Pi OS is published',
  })
}

/** What unzip ends with where no name is like the one asked for. */
const nothingFound = 11
