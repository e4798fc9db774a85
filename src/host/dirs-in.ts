import { runCommand } from './commands.ts'
import type { DirLook, Glimpse } from './host.ts'

/** What `find` prints of each entry, in the order in which `words` are taken: five words, each ended by a zero. */
const format = String.raw`%d\0%y\0%m\0%f\0%l\0`

/** The directories right below `top` by name, with what is in them, by one `find` for all. */
export async function dirsIn(top: string): Promise<ReadonlyMap<string, DirLook>> {
  const depth = ['-mindepth', '1', '-maxdepth', '2']
  const { stdout } = await runCommand(['find', top, ...depth, '-printf', format])
  const found = new Map<string, DirLook>()
  let inside = new Map<string, Glimpse>()
  const words = stdout.split('\0')
  for (let at = 0; at + 5 < words.length; at += 5) {
    const [depth, type, mode = '', name = '', target = ''] = words.slice(at, at + 5)
    // A directory comes before what is in it.
    if (depth === '2') inside.set(name, glimpseOf(type, target))
    else if (type === 'd') {
      inside = new Map()
      found.set(name, { entry: { kind: 'dir', mode: Number.parseInt(mode, 8) }, inside })
    }
  }
  return found
}

function glimpseOf(type: string | undefined, target: string): Glimpse {
  if (type === 'l') return { kind: 'link', target }
  if (type === 'f') return { kind: 'file' }
  return { kind: type === 'd' ? 'dir' : 'other' }
}
