import type { Entry, Output } from '../../src/host/host.ts'
import type { Tree } from '../../src/root-template/tree.ts'
import { dir, file, output } from './fake-nas.ts'

/** Answers a command; it may change the tree, as apt-get would. */
type Command = (argv: readonly string[], tree: FakeTree, input?: string) => Output | Promise<Output>

interface FakeTreeOptions {
  /** Commands of the NAS. Default: success without output. */
  readonly ask?: Command
  /** Commands inside. Default: success without output. */
  readonly run?: Command
}

/** A root filesystem in memory. See `fakeTree`. */
export interface FakeTree extends Tree {
  readonly ran: (readonly string[])[]
  /** Everything in it by its real path, for comparing with `toEqual`. */
  snapshot(): Record<string, Entry>
  /** The text at a path, for short assertions. */
  textAt(path: string): string | undefined
}

/**
 * The Tree port over `{ '/etc/fstab': 'text', '/lib': link('usr/lib'), '/srv': dir() }`; parent
 * directories are made. Links in the middle of a path are followed inside, as in a chroot.
 */
export function fakeTree(
  entries: Readonly<Record<string, string | Entry>> = {},
  options: FakeTreeOptions = {},
): FakeTree {
  const inside = new Map<string, Entry>()

  function put(path: string, entry: Entry): void {
    const real = realPath(inside, path)
    for (let cut = real.indexOf('/', 1); cut > 0; cut = real.indexOf('/', cut + 1))
      if (!inside.has(real.slice(0, cut))) inside.set(real.slice(0, cut), dir())
    inside.set(real, entry)
  }

  const tree: FakeTree = {
    top: '/mnt/PiRoots/template',
    ran: [],
    async read(path) {
      return path === '/' ? dir() : inside.get(realPath(inside, path))
    },
    async list(path) {
      const real = realPath(inside, `${path}/.`)
      if (real !== '' && inside.get(real)?.kind !== 'dir') return undefined
      const found = new Map<string, Entry['kind']>()
      for (const [name, entry] of inside)
        if (name.startsWith(`${real}/`) && !name.includes('/', real.length + 1))
          found.set(name.slice(real.length + 1), entry.kind)
      return found
    },
    async put(path, entry) {
      if (entry === undefined) inside.delete(realPath(inside, path))
      else put(path, entry)
    },
    async removeTree(path) {
      const real = realPath(inside, path)
      for (const name of [...inside.keys()])
        if (name === real || name.startsWith(`${real}/`)) inside.delete(name)
    },
    async ask(argv, input) {
      return (await options.ask?.(argv, tree, input)) ?? output()
    },
    async run(argv) {
      tree.ran.push(argv)
      return (await options.run?.(argv, tree)) ?? output()
    },
    snapshot: () => Object.fromEntries([...inside].sort(([a], [b]) => (a < b ? -1 : 1))),
    textAt(path) {
      const entry = inside.get(realPath(inside, path))
      return entry?.kind === 'file' ? entry.text : undefined
    },
  }
  for (const [path, entry] of Object.entries(entries))
    put(path, typeof entry === 'string' ? file(entry) : entry)
  return tree
}

/** A symbolic link. */
export function link(target: string): Entry {
  return { kind: 'link', target }
}

/** The path with the links on the way followed; its last name is left as it is. '' is the top. */
function realPath(inside: ReadonlyMap<string, Entry>, path: string, depth = 0): string {
  if (!path.startsWith('/')) throw new Error(`not an absolute path: ${path}`)
  if (depth > 20) throw new Error(`ELOOP: ${path}`)
  const names = path.split('/').filter((name) => name !== '')
  let at = ''
  for (const [index, name] of names.entries()) {
    if (name === '.') continue
    if (name === '..') {
      at = at.slice(0, Math.max(0, at.lastIndexOf('/')))
      continue
    }
    const entry = inside.get(`${at}/${name}`)
    if (entry?.kind !== 'link' || index === names.length - 1) {
      at += `/${name}`
      continue
    }
    const start = entry.target.startsWith('/') ? '' : at
    const rest = names.slice(index + 1).join('/')
    return realPath(inside, `${start}/${entry.target}/${rest}`, depth + 1)
  }
  return at
}
