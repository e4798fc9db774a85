import type { Entry, Output } from './host.ts'

/**
 * What building a template needs of the NAS beside `Host`: commands that run for minutes, files of
 * gigabytes, and trees that are not the NAS's own. What it makes is seen by nobody until it is
 * renamed, so nothing here is journalled.
 */
export interface Workshop {
  /**
   * Runs a command in mount and process namespaces of its own. It ends with all it has started, and
   * with whatever it has mounted, when the signal fires and also when pifarm is killed.
   */
  work(work: Work, signal: AbortSignal): Promise<Output>
  /** Bytes of a file, fewer at its end. Throws a `UserError` where it cannot be read. */
  bytes(path: string, offset: number, length: number): Promise<Buffer>
  /** The sha256 of a file in hex. Throws a `UserError` where it cannot be read. */
  sha256(path: string, signal: AbortSignal): Promise<string>
  /** Bytes of a file; undefined where there is no such file. */
  sizeOf(path: string): Promise<number | undefined>
  /** Makes an empty directory for a tree: a subvolume on btrfs, so that clones of it cost nothing. */
  makeTop(path: string): Promise<void>
  /** Copies a tree into an empty directory, with everything that `cp -a` keeps. */
  copyTree(from: string, into: string, progress: Progress, signal: AbortSignal): Promise<void>
  /** The files below a directory, links resolved inside it. */
  filesBelow(top: string): FilesBelow
}

export type Progress = (bytes: number) => void

export interface Work {
  readonly argv: readonly string[]
  /** What it reads on stdin: a file of this path, or bytes as they come. Left out: nothing. */
  readonly input?: string | AsyncIterable<Buffer>
  /** A file that gets its stdout, made anew. */
  readonly output?: string
  /** A file that all it prints is appended to; the answer then holds the last 64 KB. */
  readonly log?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called a few times a second with the bytes of `input` that it has read. */
  readonly progress?: Progress
  /** Called a few times a second with the bytes it has written. It cannot be a script then. */
  readonly written?: Progress
  /** Called with each line that it writes to its file descriptor 3. */
  readonly status?: (line: string) => void
}

/** A directory taken for `/`: absolute paths are inside it, and no link leads out. */
export interface FilesBelow {
  readonly top: string
  read(path: string): Promise<Entry | undefined>
  list(dir: string): Promise<ReadonlyMap<string, Entry['kind']> | undefined>
  put(path: string, entry: Entry | undefined): Promise<void>
  removeTree(path: string): Promise<void>
}
