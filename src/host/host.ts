/** One entry of a directory as pifarm compares it. */
export type Entry = FileEntry | LinkEntry | DirEntry | OtherEntry

export interface FileEntry {
  readonly kind: 'file'
  readonly text: string
  /** `latin1` where the bytes are not UTF-8: a person's comment must survive to the byte. */
  readonly encoding: 'utf8' | 'latin1'
  /** Permission bits, e.g. 0o644. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface LinkEntry {
  readonly kind: 'link'
  readonly target: string
}

export interface DirEntry {
  readonly kind: 'dir'
  readonly mode: number
}

/** A device, a socket, or a file over 256 MiB: nothing that pifarm writes. */
export interface OtherEntry {
  readonly kind: 'other'
}

export interface Output {
  /** Exit status; 127 when the program is not there, 128 + n when signal n ended it. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A directory as one look at many finds it. */
export interface DirLook {
  readonly entry: DirEntry
  /** By name. What a file says, and a directory's mode, is for `read` to find out. */
  readonly inside: ReadonlyMap<string, Glimpse>
}

/** An entry as one look at many finds it. */
export type Glimpse = LinkEntry | { readonly kind: Exclude<Entry['kind'], 'link'> }

/** Looks at a machine. Nothing here can change it. */
export interface Reader {
  /** Undefined where nothing is at that path. Links are not followed. */
  read(path: string): Promise<Entry | undefined>
  /**
   * The same in a tree that somebody else may write into at any moment, as root on a Pi may into
   * its root: no link on the way from `top` is followed, whenever it was planted.
   */
  readBelow(top: string, path: string): Promise<Entry | undefined>
  /** The names in a directory with their kinds; undefined where there is no such directory. */
  list(dir: string): Promise<ReadonlyMap<string, Entry['kind']> | undefined>
  /**
   * The directories right below `top` by name, with what is in them: a thousand Pis' in one look.
   * What is not in it may be there all the same, made since.
   */
  dirsIn(top: string): Promise<ReadonlyMap<string, DirLook>>
  /** The first lines of all files of these names below `top`, by path, in one look. Of an empty file there is none. */
  firstLines(top: string, names: readonly string[]): Promise<ReadonlyMap<string, string>>
  /** Runs a command that only looks. A failure is an answer, not an exception. */
  ask(argv: readonly string[], input?: string): Promise<Output>
  /** Which of these programs are not there: in PATH or, with a slash in it, at that place. */
  lacking(programs: readonly string[]): Promise<readonly string[]>
  /** The lines a command prints, as they come, until it ends or the signal fires. One that fails is a `UserError`. */
  follow(argv: readonly string[], signal: AbortSignal): AsyncIterable<string>
  /**
   * The lines added to a log file until the signal fires, beginning with those in its last `back`
   * bytes. Survives rotation and truncation.
   */
  followFile(path: string, back: number, signal: AbortSignal): AsyncIterable<string>
  /**
   * The whole lines of a file from its end to its start, in pieces of up to `size` bytes. A piece is
   * valid until the next one is asked for.
   */
  readBack(path: string, size: number): AsyncIterable<Buffer>
  /** Bytes that root may still write to the filesystem that holds this path. */
  freeBytes(path: string): Promise<number>
}

/** How far a copy is: bytes written so far. */
export type CopyProgress = (bytes: number) => void

/**
 * Looks and changes. Only `plan/` is given one. Every change is
 * atomic: it is seen whole or not at all, also after a power cut.
 */
export interface Host extends Reader {
  /** Makes the entry at `path` what `entry` says; undefined removes it. Directories are made and removed empty. */
  put(path: string, entry: Entry | undefined): Promise<void>
  /** The same in a tree that somebody else may write into: see `readBelow`. */
  putBelow(top: string, path: string, entry: Entry | undefined): Promise<void>
  /** Makes sure that what was put into these directories, and below these trees, survives a power cut. */
  flush(dirs: readonly string[], trees: readonly string[]): Promise<void>
  /**
   * Copies a tree faithfully (hard links, capabilities, ACLs, xattrs, sparse files) to
   * `unfinishedOf(to)`, writes the seeds into the copy, and renames it to `to`, which must not exist.
   */
  cloneTree(
    clone: { readonly from: string; readonly to: string; readonly seeds: readonly Seed[] },
    progress: CopyProgress,
    signal: AbortSignal,
  ): Promise<void>
  /** Renames a tree; `to` must not exist and lies on the same filesystem. */
  moveTree(from: string, to: string): Promise<void>
  /** Removes a tree, never leaving its filesystem. Nothing there is no error. */
  removeTree(path: string): Promise<void>
  /** Runs a command that changes something, e.g. a restart. A failure is an answer, not an exception. */
  run(argv: readonly string[], input?: string): Promise<Output>
  /** Holds the lock file until `release`. Answers who holds it where somebody else does. */
  lock(path: string, holder: string): Promise<Lock | { readonly heldBy: string }>
  /** Holds a directory by itself, which stays as it is, until `release`. Undefined: somebody else does. */
  hold(dir: string): Promise<Lock | undefined>
}

export interface Lock {
  release(): Promise<void>
}

/** An entry that a clone gets before it is first seen under its name. */
export interface Seed {
  /** Relative to the tree's top. */
  readonly path: string
  /** Undefined: removed from the copy. */
  readonly entry: Entry | undefined
}

/** Where a file or a tree is built before it is renamed; a kill in between leaves it behind. */
export function unfinishedOf(path: string): string {
  const cut = path.lastIndexOf('/') + 1
  return `${path.slice(0, cut)}.${path.slice(cut)}.pifarm-new`
}

/** Whether two entries are the same to a person who looks at them: content, kind and permissions. */
export function sameEntry(a: Entry | undefined, b: Entry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  if (a.kind === 'file' && b.kind === 'file')
    return a.text === b.text && a.encoding === b.encoding && a.mode === b.mode
  if (a.kind === 'link' && b.kind === 'link') return a.target === b.target
  if (a.kind === 'dir' && b.kind === 'dir') return a.mode === b.mode
  return false
}
