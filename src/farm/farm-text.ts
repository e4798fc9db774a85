import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  Scalar,
} from 'yaml'
import { quoted, UserError } from '../errors.ts'

/** farm.yaml as it was read: its bytes, its tree and what the tree says. Parsed once, used often. */
export interface FarmText {
  /** Where it was read from, for messages. */
  readonly file: string
  readonly text: string
  readonly doc: Document.Parsed
  /** Plain data; nobody has checked it yet. */
  readonly data: unknown
  readonly lines: LineCounter
}

export type Path = readonly (string | number)[]

/**
 * Settings that are text whatever they look like. YAML reads the serial 01077412 as a number
 * without its zero, 1e234567 as infinity, 0x12345678 as decimal and the model 4 as a number.
 */
const textKeys: ReadonlySet<unknown> = new Set([
  'name',
  'mac',
  'serial',
  'model',
  'template',
  'decode_mpg2',
  'decode_wvc1',
])

/** More aliases than a person writes: a few lines of them can grow into gigabytes. */
const maxAliasCount = 100

/** Reads the text of a farm.yaml. A UserError names the first mistake in the YAML itself. */
export function readFarmText(text: string, file: string): FarmText {
  const lines = new LineCounter()
  const doc = parseDocument(text, {
    lineCounter: lines,
    keepSourceTokens: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  if (doc.errors.length > 0) {
    // A tab, or one bracket too many, makes nonsense of all that follows; a key that is set twice does not.
    const areDuplicates = doc.errors[0]?.code === 'DUPLICATE_KEY'
    const said = doc.errors.filter(
      ({ code }, i) => i === 0 || (areDuplicates && code === 'DUPLICATE_KEY'),
    )
    const problems = said.map(
      (error) => `${place({ file, lines }, error.pos[0])}  ${explain(error, text)}`,
    )
    throw mistakes(problems)
  }
  keepText(doc.contents)
  return { file, text, doc, data: dataOf(doc, file), lines }
}

/** One line for each thing that is wrong in a farm.yaml. */
export function mistakes(lines: readonly string[]): UserError {
  return new UserError(lines.join('\n'), {
    hint: 'correct it there; every setting and what it may be is in docs/farm.yaml of pifarm',
  })
}

/** A text whose data is known already: its tree is read when a message needs a place in it. */
export function readLater(text: string, file: string, data: unknown): FarmText {
  let read: FarmText | undefined
  const whole = () => {
    read ??= readFarmText(text, file)
    return read
  }
  return {
    file,
    text,
    data,
    get doc() {
      return whole().doc
    },
    get lines() {
      return whole().lines
    },
  }
}

/** `farm.yaml:LINE:COLUMN` of an offset into the text. */
export function place(source: Pick<FarmText, 'file' | 'lines'>, offset: number): string {
  const { line, col } = source.lines.linePos(offset)
  return `${source.file}:${Math.max(line, 1)}:${Math.max(col, 1)}`
}

/** The node at a path or, where the path goes on below what is written, the last one on the way. */
export function nodeAt(source: FarmText, path: Path): { node: Node | null; found: boolean } {
  let node: Node | null = source.doc.contents
  for (const key of path) {
    const holder: unknown = isAlias(node) ? node.resolve(source.doc) : node
    const next: unknown = isCollection(holder) ? holder.get(key, true) : undefined
    if (next === undefined) return { node, found: false }
    node = next as Node | null
  }
  return { node, found: true }
}

/** Where a key itself stands in the map at `path`; undefined where that map has no such key. */
export function keyOffset(source: FarmText, path: Path, key: string): number | undefined {
  const { node } = nodeAt(source, path)
  if (!isMap<ParsedNode, ParsedNode>(node)) return undefined
  const pair = node.items.find(({ key: own }) => isScalar(own) && String(own.value) === key)
  return pair?.key.range[0]
}

/** By hand: the library's own visitor takes five times as long, which a thousand Pis feel. */
function keepText(node: unknown): void {
  if (isSeq(node)) for (const item of node.items) keepText(item)
  if (!isMap(node)) return
  for (const { key, value } of node.items) {
    const isText = isScalar(key) && textKeys.has(key.value)
    if (isText && isScalar(value) && value.type === Scalar.PLAIN && value.source)
      value.value = value.source
    else keepText(value)
  }
}

function dataOf(doc: Document.Parsed, file: string): unknown {
  try {
    return doc.toJS({ maxAliasCount })
  } catch (cause) {
    const why = cause instanceof Error ? oneLine(cause.message) : 'its aliases cannot be followed'
    throw new UserError(`${file}:1:1  ${why}`, {
      hint: 'write the values out instead of using & and *',
      cause,
    })
  }
}

function explain(error: { code: string; message: string; pos: [number, number] }, text: string) {
  const from = error.pos[0]
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]*/.exec(text.slice(from, from + 80))?.[0]
    return `${quoted(key)} is set twice`
  }
  if (error.code === 'MULTIPLE_DOCS') return 'only one YAML document may stand in the file'
  return oneLine(error.message)
}

/** A message of the YAML library, which may hold pieces of the file, as it may be printed. */
function oneLine(message: string): string {
  const line = message.replace(/\s+/g, ' ').replace(/\p{C}/gu, '?')
  return line.charAt(0).toLowerCase() + line.slice(1)
}
