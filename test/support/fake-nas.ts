import {
  type DirLook,
  type Entry,
  type Glimpse,
  type Host,
  type Output,
  unfinishedOf,
} from '../../src/host/host.ts'

/** What a command says. The input is what it was fed on stdin. */
type Answer = (argv: readonly string[], input: string | undefined) => Output

interface FakeNasOptions {
  /** Default: success without output. */
  readonly ask?: Answer
  /** Default: success without output. To let a daemon write its state, call `nas.poke` in it. */
  readonly run?: Answer
  readonly follow?: (argv: readonly string[]) => Iterable<string>
  readonly freeBytes?: number
  /** Programs that are not there. */
  readonly lacking?: readonly string[]
}

/** A NAS in memory. See `fakeNas`. */
export interface FakeNas extends Host {
  /** The argv of every `ask`, in order. */
  readonly asked: (readonly string[])[]
  /** The argv of every `run`, in order. */
  readonly ran: (readonly string[])[]
  /** How many changes were tried so far: put, cloneTree, moveTree, removeTree and run count one each. */
  readonly mutations: number
  /** Called before the nth change (from 1) with its name, e.g. `put /etc/x`; may throw to let it fail. */
  beforeMutation: (n: number, what: string) => void
  /** What another person does meanwhile: not counted, parents are made, undefined removes all below. */
  poke(path: string, entry: string | Entry | undefined): void
  /** Everything on it by path, for comparing with `toEqual`. */
  snapshot(): Record<string, Entry>
}

interface Node {
  entry: Entry
  readonly children: Map<string, Node>
}

/** A file as root would write it, mode 0644 unless told. */
export function file(text: string, mode = 0o644): Entry {
  return { kind: 'file', text, encoding: 'utf8', mode, uid: 0, gid: 0 }
}

/** A directory, mode 0755 unless told. */
export function dir(mode = 0o755): Entry {
  return { kind: 'dir', mode }
}

/** The answer of a command: exit status 0 unless told. */
export function output(stdout = '', code = 0, stderr = ''): Output {
  return { code, stdout, stderr }
}

/**
 * The whole Host port over a tree given as `{ '/etc/exports': 'text', '/srv/x': dir() }`; parent
 * directories are made. As strict as a real one: a parent must be there, a directory goes only
 * when empty, nothing is cloned or moved over something. Links in the middle of a path are not
 * followed.
 */
export function fakeNas(
  tree: Readonly<Record<string, string | Entry>> = {},
  options: FakeNasOptions = {},
): FakeNas {
  const top = newNode(dir())
  const locks = new Map<string, string>()
  let mutations = 0

  function mutate(what: string): void {
    mutations += 1
    nas.beforeMutation(mutations, what)
  }

  const nas: FakeNas = {
    asked: [],
    ran: [],
    get mutations() {
      return mutations
    },
    beforeMutation: () => {},

    async read(path) {
      return find(top, path)?.entry
    },
    async readBelow(above, path) {
      mustBeBelow(above, path)
      return await nas.read(path)
    },
    async list(path) {
      const node = find(top, path)
      if (node?.entry.kind !== 'dir') return undefined
      return new Map([...node.children].map(([name, child]) => [name, child.entry.kind]))
    },
    async dirsIn(path) {
      const found = new Map<string, DirLook>()
      for (const [name, { entry, children }] of find(top, path)?.children ?? []) {
        const inside = new Map([...children].map(([name, { entry }]) => [name, glimpse(entry)]))
        if (entry.kind === 'dir') found.set(name, { entry, inside })
      }
      return found
    },
    async firstLines(path, names) {
      const files = [...filesBelow(find(top, path), path)]
      const wanted = files.filter(([, name, text]) => names.includes(name) && text !== '')
      return new Map(wanted.map(([path, , text]) => [path, text.split('\n')[0] ?? '']))
    },
    async ask(argv, input) {
      nas.asked.push(argv)
      return options.ask?.(argv, input) ?? output()
    },
    async lacking(programs) {
      return programs.filter((program) => options.lacking?.includes(program))
    },
    async *follow(argv, signal) {
      for (const line of options.follow?.(argv) ?? []) {
        if (signal.aborted) return
        yield line
      }
    },
    async *followFile(path, _back, signal) {
      yield* nas.follow(['tail', path], signal)
    },
    async *readBack(path) {
      const entry = await nas.read(path)
      if (entry?.kind === 'file') yield Buffer.from(entry.text)
    },
    async freeBytes() {
      return options.freeBytes ?? 1e12
    },

    async put(path, entry) {
      mutate(`put ${path}`)
      putEntry(top, path, entry)
    },
    async putBelow(above, path, entry) {
      mutate(`put ${path}`)
      mustBeBelow(above, path)
      putEntry(top, path, entry)
    },
    async flush() {},
    async cloneTree(clone, progress, signal) {
      mutate(`cloneTree ${clone.to}`)
      signal.throwIfAborted()
      const from = find(top, clone.from)
      if (from?.entry.kind !== 'dir') throw new Error(`ENOENT: no tree at ${clone.from}`)
      mustBeFree(top, clone.to)
      nas.poke(unfinishedOf(clone.to), undefined)
      const copy = copyOf(from)
      for (const seed of clone.seeds) {
        makeParents(copy, `/${seed.path}`)
        putEntry(copy, `/${seed.path}`, seed.entry)
      }
      place(top, clone.to, copy)
      progress(1)
    },
    async moveTree(from, to) {
      mutate(`moveTree ${from}`)
      const node = find(top, from)
      if (node === undefined) throw new Error(`ENOENT: no tree at ${from}`)
      mustBeFree(top, to)
      place(top, to, node)
      parentOf(top, from).children.delete(lastName(from))
    },
    async removeTree(path) {
      mutate(`removeTree ${path}`)
      if (find(top, path) !== undefined) parentOf(top, path).children.delete(lastName(path))
    },
    async run(argv, input) {
      mutate(`run ${argv.join(' ')}`)
      nas.ran.push(argv)
      return options.run?.(argv, input) ?? output()
    },
    async lock(path, holder) {
      const heldBy = locks.get(path)
      if (heldBy !== undefined) return { heldBy }
      locks.set(path, holder)
      return {
        async release() {
          locks.delete(path)
        },
      }
    },
    async hold(dir) {
      const lock = await nas.lock(dir, '')
      return 'heldBy' in lock ? undefined : lock
    },

    poke(path, entry) {
      if (entry === undefined) {
        if (find(top, path) !== undefined) parentOf(top, path).children.delete(lastName(path))
        return
      }
      makeParents(top, path)
      putEntry(top, path, typeof entry === 'string' ? file(entry) : entry)
    },
    snapshot() {
      return Object.fromEntries(entriesBelow(top, ''))
    },
  }

  for (const [path, entry] of Object.entries(tree)) nas.poke(path, entry)
  return nas
}

function newNode(entry: Entry): Node {
  return { entry, children: new Map() }
}

function namesIn(path: string): string[] {
  if (!path.startsWith('/')) throw new Error(`not an absolute path: ${path}`)
  return path.split('/').filter((name) => name !== '')
}

function lastName(path: string): string {
  const name = namesIn(path).at(-1)
  if (name === undefined) throw new Error('EBUSY: the root directory')
  return name
}

function find(top: Node, path: string): Node | undefined {
  let node: Node | undefined = top
  for (const name of namesIn(path)) node = node?.children.get(name)
  return node
}

function glimpse(entry: Entry): Glimpse {
  return entry.kind === 'link' ? entry : { kind: entry.kind }
}

function* filesBelow(
  node: Node | undefined,
  path: string,
): Generator<readonly [path: string, name: string, text: string]> {
  for (const [name, child] of node?.children ?? []) {
    if (child.entry.kind === 'file') yield [`${path}/${name}`, name, child.entry.text]
    yield* filesBelow(child, `${path}/${name}`)
  }
}

function parentOf(top: Node, path: string): Node {
  const parent = find(top, `/${namesIn(path).slice(0, -1).join('/')}`)
  if (parent?.entry.kind !== 'dir') throw new Error(`ENOENT: no directory for ${path}`)
  return parent
}

function mustBeBelow(above: string, path: string): void {
  if (!path.startsWith(`${above}/`)) throw new Error(`${path} is not below ${above}`)
}

function mustBeFree(top: Node, path: string): void {
  if (parentOf(top, path).children.has(lastName(path))) throw new Error(`EEXIST: ${path}`)
}

function place(top: Node, path: string, node: Node): void {
  parentOf(top, path).children.set(lastName(path), node)
}

function putEntry(top: Node, path: string, entry: Entry | undefined): void {
  const siblings = parentOf(top, path).children
  const name = lastName(path)
  const node = siblings.get(name)
  if (entry === undefined) {
    if (node !== undefined && node.children.size > 0) throw new Error(`ENOTEMPTY: ${path}`)
    siblings.delete(name)
    return
  }
  if (entry.kind === 'other') throw new Error(`EINVAL: pifarm puts no such thing: ${path}`)
  if (node === undefined) {
    siblings.set(name, newNode(entry))
    return
  }
  if ((node.entry.kind === 'dir') !== (entry.kind === 'dir')) throw new Error(`EEXIST: ${path}`)
  node.entry = entry
}

function makeParents(top: Node, path: string): void {
  let node = top
  for (const name of namesIn(path).slice(0, -1)) {
    const next = node.children.get(name) ?? newNode(dir())
    node.children.set(name, next)
    node = next
  }
}

function copyOf(node: Node): Node {
  return {
    entry: node.entry,
    children: new Map([...node.children].map(([name, child]) => [name, copyOf(child)])),
  }
}

function* entriesBelow(node: Node, path: string): Generator<[string, Entry]> {
  for (const name of [...node.children.keys()].sort()) {
    const child = node.children.get(name)
    if (child === undefined) continue
    yield [`${path}/${name}`, child.entry]
    yield* entriesBelow(child, `${path}/${name}`)
  }
}
