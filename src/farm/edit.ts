import { isDeepStrictEqual } from 'node:util'
import { quoted, UserError } from '../errors.ts'
import { appendItem, appendKey, cutItem, cutKey, replaceValue } from './edit-layout.ts'
import { type FarmText, readFarmText } from './farm-text.ts'
import type { Splice } from './text-lines.ts'

/** What `pis` entries are made of; keys in the order in which they are written. */
export type PiEdit = Readonly<Record<string, string | number | boolean | undefined>>

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

function splice(source: FarmText, splices: readonly Splice[], wanted: unknown): FarmText {
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
  const edited = readFarmText(text, source.file)
  if (!isDeepStrictEqual({ pis: [], ...(edited.data as Entry) }, wanted)) {
    throw new Error(`the edit of ${source.file} did not give what was wanted`)
  }
  return edited
}

type Entry = Readonly<Record<string, unknown>>

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
