import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Reader } from './host.ts'

/** Milliseconds between two looks. Notifications would not reach a log on NFS, and cost more code. */
const lookEvery = 40
/** Rotated away is not closed: until it is told to reopen, the log daemon writes on into the old file. */
const oldFilesKept = 10_000
const longestLine = 65_536
const pieceSize = 256 * 1024

/** One file that was or is at the path. */
interface Tail {
  readonly fd: number
  readonly inode: number
  position: number
  rest: Buffer
  /** When it was seen to be rotated away, in ms. */
  rotated: number | undefined
}

/**
 * The lines added to a log file, beginning with those in its last `back` bytes. Survives rotation
 * by renaming, where `tail -F` loses what is written into the old file before the daemon reopens,
 * truncation, and a file that is not there for a while.
 */
export const followFile: Reader['followFile'] = (path, back, signal) => {
  const there = fs.statSync(path, { throwIfNoEntry: false })
  // A log that nobody may read throws: to wait for its lines would be to wait for ever. Opened at
  // once, not at the first look: whoever says that he follows must miss nothing that comes then.
  return comingLines(path, there === undefined ? [] : [openTail(path, back)], signal)
}

async function* comingLines(
  path: string,
  opened: Tail[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  let tails = opened
  try {
    while (!signal.aborted) {
      for (const tail of tails) yield* newLines(tail)
      tails = afterRotation(path, tails)
      await sleep(lookEvery, undefined, { signal }).catch(() => undefined)
    }
  } finally {
    for (const { fd } of tails) fs.closeSync(fd)
  }
}

function openTail(path: string, back: number): Tail {
  const fd = fs.openSync(path, 'r')
  const { ino, size } = fs.fstatSync(fd)
  const position = Math.max(0, size - back)
  // Cut off the line that begins before: it starts as if too long to be one.
  const isAtLineStart = position === 0 || readAt(fd, position - 1, 1).toString() === '\n'
  const rest = Buffer.alloc(isAtLineStart ? 0 : longestLine + 1)
  return { fd, inode: ino, position, rest, rotated: undefined }
}

function* newLines(tail: Tail): Generator<string> {
  const { size } = fs.fstatSync(tail.fd)
  if (size < tail.position) {
    tail.position = 0
    tail.rest = Buffer.alloc(0)
  }
  while (tail.position < size) {
    const piece = readAt(tail.fd, tail.position, Math.min(pieceSize, size - tail.position))
    if (piece.length === 0) return
    tail.position += piece.length
    yield* linesOf(tail, piece)
  }
}

function* linesOf(tail: Tail, piece: Buffer): Generator<string> {
  let from = 0
  for (let end = piece.indexOf(10); end !== -1; end = piece.indexOf(10, from)) {
    const line = piece.subarray(from, end)
    if (tail.rest.length + line.length <= longestLine)
      yield Buffer.concat([tail.rest, line]).toString('utf8')
    tail.rest = Buffer.alloc(0)
    from = end + 1
  }
  const left = piece.subarray(from)
  // What is too long is no line of a daemon's, and must not fill the memory.
  tail.rest = Buffer.concat([tail.rest, left]).subarray(0, longestLine + 1)
}

function readAt(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, fs.readSync(fd, bytes, 0, length, position))
}

/** The file that has the path now, read from its start, beside those that had it before. */
function afterRotation(path: string, tails: readonly Tail[]): Tail[] {
  const now = fs.statSync(path, { throwIfNoEntry: false })
  const time = performance.now()
  const kept = tails.filter((tail) => {
    if (tail.inode === now?.ino) return true
    tail.rotated ??= time
    if (time - tail.rotated < oldFilesKept) return true
    fs.closeSync(tail.fd)
    return false
  })
  if (now === undefined || kept.some(({ inode }) => inode === now.ino)) return kept
  try {
    return [...kept, openTail(path, Number.POSITIVE_INFINITY)]
  } catch {
    return kept // between two names, or not yet with its mode: the next look finds it
  }
}
