import { UserError } from '../errors.ts'

const begin = '# BEGIN pifarm: edit farm.yaml and run `pifarm apply` instead of these lines'
const end = '# END pifarm'

/** Our marked lines inside a text that belongs to somebody else. */
export interface ManagedBlock {
  /** Offset of the first marker's line. */
  readonly from: number
  /** Offset behind the last marker's line, its line ending included. */
  readonly to: number
  /** What stands between the markers, without line endings. */
  readonly lines: readonly string[]
}

/** Finds our block. Damaged markers are a `UserError` with `file:line`. */
export function findBlock(text: string, file: string): ManagedBlock | undefined {
  let open: { from: number; line: number; lines: string[] } | undefined
  let block: ManagedBlock | undefined
  let from = 0
  for (const [index, lineWithEnd] of text.split(/(?<=\n)/).entries()) {
    const to = from + lineWithEnd.length
    const content = lineWithEnd.replace(/\r?\n$/, '')
    if (isMarker(content, 'BEGIN')) {
      if (open !== undefined || block !== undefined)
        throw damaged(file, index + 1, 'a second BEGIN pifarm')
      open = { from, line: index + 1, lines: [] }
    } else if (isMarker(content, 'END')) {
      if (open === undefined) throw damaged(file, index + 1, 'END pifarm without its BEGIN')
      block = { from: open.from, to, lines: open.lines }
      open = undefined
    } else {
      open?.lines.push(content)
    }
    from = to
  }
  if (open !== undefined) throw damaged(file, open.line, 'BEGIN pifarm without its END')
  return block
}

/**
 * The text with our block saying `lines`: replaced where it stands, else added at the end; taken
 * out for undefined. Every other byte stays, so that taking out undoes adding to the byte.
 */
export function setBlock(text: string, file: string, lines: readonly string[] | undefined): string {
  const block = findBlock(text, file)
  const eol = /\r?\n/.exec(text)?.[0] ?? '\n'
  const before = text.slice(0, block?.from)
  const after = block === undefined ? '' : text.slice(block.to)
  // A text without a final newline gets it from us and loses it again with our block.
  const ownsNewline = text !== '' && !text.endsWith('\n')
  if (lines === undefined) {
    if (block === undefined) return text
    const atOpenEnd = after === '' && ownsNewline
    return (atOpenEnd ? before.replace(/\r?\n$/, '') : before) + after
  }
  const glue = block === undefined && ownsNewline ? eol : ''
  const last = after === '' && ownsNewline ? '' : eol
  return before + glue + [begin, ...lines, end].join(eol) + last + after
}

function isMarker(line: string, word: 'BEGIN' | 'END'): boolean {
  return new RegExp(`^\\s*# ${word} pifarm(?:[\\s:]|$)`).test(line)
}

function damaged(file: string, line: number, what: string): UserError {
  return new UserError(`${file}:${line}: ${what}`, {
    hint: 'put both marker lines right, or delete the whole block: pifarm writes it again',
  })
}
