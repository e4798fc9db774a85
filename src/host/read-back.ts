import fs from 'node:fs'
import type { Reader } from './host.ts'

/**
 * The whole lines of a file from its end to its start, in pieces of up to `size` bytes; the lines
 * inside a piece are in their own order. A piece is valid until the next one is asked for.
 */
export const readBack: Reader['readBack'] = async function* (path, size) {
  const fd = fs.openSync(path, 'r')
  try {
    const buffer = Buffer.allocUnsafe(size)
    for (let end = fs.fstatSync(fd).size; end > 0; ) {
      const start = Math.max(0, end - size)
      const piece = buffer.subarray(0, fs.readSync(fd, buffer, 0, end - start, start))
      // The line that begins before this piece is left to the next one; a line longer than a piece
      // is nobody's, and is passed over in parts.
      const cut = start === 0 ? 0 : piece.indexOf(10) + 1
      const isOneLine = cut === 0 || cut === piece.length
      yield isOneLine ? piece : piece.subarray(cut)
      end = isOneLine ? start : start + cut
    }
  } finally {
    fs.closeSync(fd)
  }
}
