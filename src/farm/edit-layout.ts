import {
  isMap,
  isScalar,
  isSeq,
  type Pair,
  type ParsedNode,
  Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { UserError } from '../errors.ts'
import { blockEntry, flowEntry, scalar } from './edit-write.ts'
import type { FarmText } from './farm-text.ts'
import {
  afterOwnComments,
  cutLines,
  eolOf,
  insertLines,
  lineEnd,
  lineStart,
  type Splice,
} from './text-lines.ts'

type Entry = Readonly<Record<string, unknown>>
type KeyPair = Pair<ParsedNode, ParsedNode | null>

/** Stands above a list that pifarm itself began, so that it goes with the last Pi again. */
const heading = '# kept by pifarm add-pi, set-pi and remove-pi'

/** A new last entry of `pis`, in whichever of YAML's layouts the list is written. */
export function appendItem(source: FarmText, entry: Entry): Splice[] {
  const { text } = source
  const root = rootOf(source)
  const pair = pisPair(source)
  if (!pair) {
    const list = `, "pis": [${flowEntry(entry, true)}]`
    if (root.flow) return [insert(endOf(text, root.items.at(-1)), list)]
    const end = text.replace(/\r?\n$/, '').length
    return [insertLines(text, end, [heading, 'pis:', ...blockEntry(entry, '  ')])]
  }
  const list = pair.value
  if (isSeq(list) && list.items.length > 0) {
    return list.flow ? flowAppend(source, entry) : blockAppend(source, entry)
  }
  if (isSeq(list) && (root.flow || text.slice(list.range[0], list.range[1]) !== '[]')) {
    return [insert(list.range[0] + 1, flowEntry(entry, root.flow === true))]
  }
  const at = afterOwnComments(text, lineEnd(text, endOf(text, pair)), 2)
  const lines = insertLines(text, at, blockEntry(entry, '  '))
  if (!isSeq(list)) return [lines]
  const from = text[list.range[0] - 1] === ' ' ? list.range[0] - 1 : list.range[0]
  return [{ from, to: list.range[1], text: '' }, lines]
}

/** Takes entry `index` out of `pis`, with the comments inside it and not those above it. */
export function cutItem(source: FarmText, index: number): Splice[] {
  const { text } = source
  const list = listOf(source)
  if (list.flow)
    return [
      cutFlow(
        text,
        list.items.map(({ range }) => [range[0], range[1]]),
        index,
      ),
    ]
  const dash = dashOf(list, index)
  const from = lineStart(text, dash)
  const end = afterOwnComments(text, lineEnd(text, itemEnd(source, index)), dash - from)
  if (list.items.length > 1) {
    const next = index === 0 ? lineStart(text, dashOf(list, 1)) : from
    const cut = cutLines(text, from, end, index > 0)
    // The first has no blank line above that was its own: it takes the one below.
    return [text.slice(cut.to, next).trim() === '' ? { ...cut, to: Math.max(cut.to, next) } : cut]
  }
  const key = pisPair(source)?.key.range ?? [0, 0]
  const above = text.slice(0, key[0]).trimEnd()
  if (above.endsWith(heading) && text.slice(key[1], dash).trim() === ':') {
    return [cutLines(text, lineStart(text, above.length), end, false)]
  }
  return [insert(text.indexOf(':', key[1]) + 1, ' []'), cutLines(text, from, end, false)]
}

/** Writes another value behind a key of entry `index`. */
export function replaceValue(
  source: FarmText,
  index: number,
  key: string,
  value: unknown,
): Splice[] {
  const { text } = source
  const item = itemAt(source, index)
  const pair = pairOf(item, key)
  const old = pair?.value
  if (!pair || !old) return []
  const isText = isScalar(old) && typeof value === 'string'
  const quotes = isText && (old.type === Scalar.QUOTE_DOUBLE || old.type === Scalar.QUOTE_SINGLE)
  const written = quotes ? JSON.stringify(value) : scalar(value, item.flow === true)
  const end = endOf(text, pair)
  if (end > old.range[0]) return [{ from: old.range[0], to: end, text: written }]
  return [insert(end, ` ${written}`)]
}

/** New keys at the end of entry `index`; `going` are keys that the same edit cuts. */
export function appendKey(
  source: FarmText,
  index: number,
  settings: Entry,
  going: readonly string[],
): Splice[] {
  const { text } = source
  const item = itemAt(source, index)
  const last = item.items.findLast(({ key }) => !going.includes(keyText(key) ?? ''))
  if (item.flow) {
    return [insert(endOf(text, last), `, ${flowEntry(settings, isJson(text, item)).slice(1, -1)}`)]
  }
  const first = item.range[0]
  const indent = ' '.repeat(first - lineStart(text, first))
  const lines = Object.entries(settings).map(
    ([key, value]) => `${indent}${key}: ${scalar(value, false)}`,
  )
  return [insertLines(text, lineEnd(text, endOf(text, last)), lines)]
}

/** Takes a key and its value out of entry `index`. */
export function cutKey(source: FarmText, index: number, key: string): Splice[] {
  const { text } = source
  const item = itemAt(source, index)
  const position = item.items.findIndex((pair) => keyText(pair.key) === key)
  const pair = item.items[position]
  if (!pair) return []
  if (item.flow) {
    const ranges = item.items.map((own) => [own.key.range[0], endOf(text, own)] as const)
    return [cutFlow(text, ranges, position)]
  }
  const from = pair.key.range[0]
  const end = endOf(text, pair)
  const start = lineStart(text, from)
  if (text.slice(start, from).trim() === '') {
    return [cutLines(text, start, lineEnd(text, end), false)]
  }
  const next = item.items[position + 1]?.key.range[0] ?? end
  const between = text.slice(end, next)
  return [{ from, to: between.includes('#') ? end : next, text: '' }]
}

function blockAppend(source: FarmText, entry: Entry): Splice[] {
  const { text } = source
  const list = listOf(source)
  const last = list.items.length - 1
  const dash = dashOf(list, last)
  const start = lineStart(text, dash)
  const at = afterOwnComments(text, lineEnd(text, itemEnd(source, last)), dash - start)
  const spaced = last > 0 && /\n[ \t]*\r?\n$/.test(text.slice(0, start))
  const lines = blockEntry(entry, text.slice(start, dash))
  return [insertLines(text, at, spaced ? ['', ...lines] : lines)]
}

function flowAppend(source: FarmText, entry: Entry): Splice[] {
  const { text } = source
  const last = itemAt(source, listOf(source).items.length - 1)
  const before = text.slice(lineStart(text, last.range[0]), last.range[0])
  const gap = before.trim() === '' ? `${eolOf(text)}${before}` : ' '
  return [insert(last.range[1], `,${gap}${flowEntry(entry, isJson(text, last))}`)]
}

/** One of several between commas: with the comma before it, the first with the one behind it. */
function cutFlow(
  text: string,
  ranges: readonly (readonly [number, number])[],
  index: number,
): Splice {
  const [from, to] = ranges[index] ?? [0, 0]
  if (index > 0) return { from: ranges[index - 1]?.[1] ?? from, to, text: '' }
  const comma = /^\s*,/.exec(text.slice(to, to + 1000))?.[0] ?? ''
  return { from, to: ranges[1]?.[0] ?? to + comma.length, text: '' }
}

function rootOf({ doc, file }: FarmText): YAMLMap.Parsed {
  if (isMap<ParsedNode, ParsedNode>(doc.contents)) return doc.contents as YAMLMap.Parsed
  throw new UserError(`${file} is not a map of settings`)
}

function pisPair(source: FarmText): KeyPair | undefined {
  return rootOf(source).items.find(({ key }) => keyText(key) === 'pis')
}

function listOf(source: FarmText): YAMLSeq.Parsed {
  const list = pisPair(source)?.value
  if (isSeq<ParsedNode>(list)) return list as YAMLSeq.Parsed
  throw byHand(source)
}

function itemAt(source: FarmText, index: number): YAMLMap.Parsed {
  const item = listOf(source).items[index]
  if (isMap<ParsedNode, ParsedNode>(item)) return item as YAMLMap.Parsed
  throw byHand(source)
}

function byHand({ file }: FarmText): UserError {
  return new UserError(`${file} lists its Pis by aliases`, {
    hint: 'write the entries out, or edit the file by hand and run pifarm apply',
  })
}

function dashOf(list: YAMLSeq.Parsed, index: number): number {
  const token = list.srcToken?.type === 'block-seq' ? list.srcToken.items[index] : undefined
  const dash = token?.start.find(({ type }) => type === 'seq-item-ind')
  if (!dash) throw new Error(`no dash before entry ${index}`)
  return dash.offset
}

function itemEnd(source: FarmText, index: number): number {
  const item = itemAt(source, index)
  return item.flow ? item.range[1] : endOf(source.text, item.items.at(-1))
}

/** Where a pair's last character stands; a range of the parser may run on over comments. */
function endOf(text: string, pair: KeyPair | undefined): number {
  if (!pair) throw new Error('a map without settings has no end')
  const [from, to] = pair.value?.range ?? [0, 0]
  const written = text.slice(from, to).trimEnd()
  return written === '' ? text.indexOf(':', pair.key.range[1]) + 1 : from + written.length
}

function pairOf(item: YAMLMap.Parsed, key: string): KeyPair | undefined {
  return item.items.find((pair) => keyText(pair.key) === key)
}

function keyText(key: ParsedNode): string | undefined {
  return isScalar(key) ? String(key.value) : undefined
}

function isJson(text: string, item: YAMLMap.Parsed): boolean {
  return text[item.items[0]?.key.range[0] ?? 0] === '"'
}

function insert(at: number, text: string): Splice {
  return { from: at, to: at, text }
}
