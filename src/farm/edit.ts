import { isDeepStrictEqual } from 'node:util'
import { isSeq, type Node } from 'yaml'
import { quoted, UserError } from '../errors.ts'
import { appendItem, appendKey, cutItem, cutKey, replaceValue } from './edit-layout.ts'
import { type FarmText, readFarmText, readLater } from './farm-text.ts'
import type { Splice } from './text-lines.ts'

/** What `pis` entries are made of; keys in the order in which they are written. */
export type PiEdit = Readonly<Record<string, string | number | boolean | undefined>>

const manyPis = 20

/**
 * Adds a Pi at the end of the list. Like all edits it changes the bytes of its own lines only:
 * writing the parsed document out again would change indentation, quotes and long lines of others.
 */
export function addPi(source: FarmText, pi: PiEdit): FarmText {
  const entry = withoutUndefined(pi)
  const { all, pis } = dataOf(source)
  return splice(source, appendItem(source, entry), { ...all, pis: [...pis, entry] })
}

/** Changes the given settings of a Pi; a setting that is undefined loses its line. */
export function setPi(source: FarmText, name: string, settings: PiEdit): FarmText {
  const { all, pis } = dataOf(source)
  const index = indexOf(source, name)
  const old = pis[index] ?? {}
  const splices = Object.entries(settings).flatMap(([key, value]) => {
    if (value === old[key]) return []
    if (value === undefined) return cutKey(source, index, key)
    return key in old ? replaceValue(source, index, key, value) : []
  })
  const added = Object.entries(settings).filter(
    ([key, value]) => value !== undefined && !(key in old),
  )
  if (added.length > 0) {
    const going = Object.keys(settings).filter((key) => settings[key] === undefined)
    splices.push(...appendKey(source, index, withoutUndefined(Object.fromEntries(added)), going))
  }
  const wanted = withoutUndefined({ ...old, ...settings })
  return splice(source, splices, { ...all, pis: pis.with(index, wanted) })
}

/** Takes a Pi out of the list. What a person wrote above it stays. */
export function removePi(source: FarmText, name: string): FarmText {
  const { all, pis } = dataOf(source)
  const index = indexOf(source, name)
  return splice(source, cutItem(source, index), { ...all, pis: pis.toSpliced(index, 1) })
}

function splice(source: FarmText, splices: readonly Splice[], wanted: Edited): FarmText {
  if (splices.length === 0) return source
  // From the end, so that offsets stay true; what goes makes room before something comes there.
  const ordered = splices.toSorted((a, b) => b.from - a.from || b.to - a.to)
  let text = source.text
  let limit = text.length
  for (const piece of ordered) {
    text = text.slice(0, piece.from) + piece.text + text.slice(Math.min(piece.to, limit))
    limit = piece.from
  }
  // A last line without a newline is a person's last line again when ours below it go.
  if (!source.text.endsWith('\n')) text = text.replace(/\r?\n$/, '')
  return proven(source, text, Math.min(...splices.map(({ from }) => from)), wanted)
}

/** Reads the edited text again and sees that it says what was wanted and nothing else. */
function proven(source: FarmText, text: string, edited: number, wanted: Edited): FarmText {
  const { file } = source
  const far = farFrom(source, edited)
  const near = far ? text.slice(0, far.from) + text.slice(far.to) : text
  const read = readFarmText(near, file)
  const pis = far ? wanted.pis.toSpliced(far.first, far.count) : wanted.pis
  if (!isDeepStrictEqual({ pis: [], ...(read.data as Entry) }, { ...wanted, pis })) {
    throw new Error(`the edit of ${file} did not give what was wanted`)
  }
  return far ? readLater(text, file, wanted) : read
}

/**
 * The Pis well before an edit, which it does not touch: to read a thousand of them a second time
 * takes as long as all the rest of adding one. Undefined where there are few, or where lines are
 * not simply one below another.
 */
function farFrom(source: FarmText, edited: number) {
  const { text, doc } = source
  const list = doc.get('pis')
  // An anchor or alias ties distant lines together.
  if (!isSeq<Node>(list) || /[&*]/.test(text)) return undefined
  const starts = list.items.flatMap(({ range }) => range?.[0] ?? [])
  const count = starts.filter((start) => start < edited).length - 2
  if (count < manyPis || starts.length !== list.items.length) return undefined
  const [from, to] = [lineOf(text, starts[1]), lineOf(text, starts[1 + count])]
  return from === undefined || to === undefined ? undefined : { from, to, first: 1, count }
}

/** Where the line of a block sequence's item begins; undefined where it shares that line. */
function lineOf(text: string, start = 0): number | undefined {
  const line = text.lastIndexOf('\n', start - 1) + 1
  return /^ *- +$/.test(text.slice(line, start)) ? line : undefined
}

type Entry = Readonly<Record<string, unknown>>

/** What the whole file should say after an edit. */
type Edited = Entry & { readonly pis: readonly Entry[] }

function dataOf(source: FarmText): { all: Entry; pis: readonly Entry[] } {
  const all = source.data as Entry
  return { all, pis: (all.pis ?? []) as readonly Entry[] }
}

function indexOf(source: FarmText, name: string): number {
  const { pis } = dataOf(source)
  const index = pis.findIndex((pi) => pi.name === name)
  if (index >= 0) return index
  throw new UserError(`no Pi is named ${quoted(name)} in ${source.file}`, {
    hint: 'pifarm list shows the names',
  })
}

function withoutUndefined(settings: Entry): Entry {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}
