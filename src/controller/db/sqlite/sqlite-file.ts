import {
  closeSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  statSync,
} from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { quoted, UserError } from '../../../errors.ts'

const nameAnother = 'a queue is a SQLite file that pifarm made; name another with --db'

/** What the kernel allows, too. */
const mostLinks = 40

/**
 * The one path of a SQLite file, by whatever links it is named; it need not be there yet. Its lock and
 * its journal are called after it: by another path it would have others. Only looks.
 */
export function sqliteFile(named: string): string {
  const path = realPath(named)
  const entry = statSync(path, { throwIfNoEntry: false })
  if (entry === undefined) return path
  if (entry.isDirectory())
    throw new UserError(`the database ${quoted(named)} is a directory`, {
      hint: `name a file in it: ${join(named, 'queue.db')}`,
    })
  if (!entry.isFile())
    throw new UserError(`the database ${quoted(named)} is no regular file`, { hint: nameAnother })
  if (entry.nlink > 1)
    throw new UserError(
      `the database ${quoted(path)} has ${entry.nlink} names (hard links), and by each it would be another one`,
      { hint: `remove the others; to find them: find / -samefile ${path}` },
    )
  if (isMount(path))
    throw new UserError(`the database ${quoted(path)} is mounted there by itself`, {
      hint: 'its journal lies beside it: mount the directory instead',
    })
  if (entry.size > 0 && !isSqlite(path))
    throw new UserError(`the database ${quoted(path)} is no SQLite file`, { hint: nameAnother })
  return path
}

/** To be asked before it is open: a file that is closed loses the locks that SQLite has on it in this process. */
function isSqlite(path: string): boolean {
  const heading = 'SQLite format 3\0'
  const file = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(heading.length)
    return readSync(file, bytes) === bytes.length && bytes.toString('latin1') === heading
  } finally {
    closeSync(file)
  }
}

/** As the kernel walks there, but that the end of the way may be missing. */
function realPath(named: string): string {
  let place = '/'
  const ahead = (isAbsolute(named) ? named : `${process.cwd()}/${named}`).split('/')
  for (let links = 0; ahead.length > 0; ) {
    const name = ahead.shift() ?? ''
    if (name === '..') place = dirname(place)
    if (['', '.', '..'].includes(name)) continue
    const next = join(place, name)
    if (!lstatSync(next, { throwIfNoEntry: false })?.isSymbolicLink()) {
      place = next
      continue
    }
    if (++links > mostLinks)
      throw new UserError(`the database ${quoted(named)} is a link that leads to itself`, {
        hint: 'name a file with --db',
      })
    const target = readlinkSync(next)
    if (isAbsolute(target)) place = '/'
    ahead.unshift(...target.split('/'))
  }
  return place
}

/** A file can be mounted over another, without a second name. */
function isMount(path: string): boolean {
  // Blanks and the like are written as three octal digits.
  const written = path.replace(
    /[ \t\n\\]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === written)
}

/** In bytes; 0 where there is no such file. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}
