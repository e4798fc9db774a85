import { quoted, UserError } from '../../errors.ts'
import type { Host } from '../../host/host.ts'
import type { Workshop } from '../../host/workshop.ts'

/** The bytes of the file that a template is to be made from. */
export async function sizeOfSource(nas: Host, workshop: Workshop, path: string): Promise<number> {
  const size = await workshop.sizeOf(path)
  if (size !== undefined) return size
  const { code, stdout } = await nas.ask(['stat', '-L', '-c', '%F', '--', path])
  if (code !== 0) throw new UserError(`there is no file ${quoted(path)}`)
  const kind = stdout.trim()
  throw new UserError(`${quoted(path)} is a ${kind}, not a file`, {
    // A card in a reader. It is read once, so that what is sealed is what was read.
    hint: kind.startsWith('block')
      ? `copy the card into a file first: dd if=${path} of=card.img bs=4M`
      : undefined,
  })
}
