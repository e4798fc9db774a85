/** A piece of a text that gives way to another. Offsets into the text as it was read. */
export interface Splice {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** The line ending of a text, judged by its first line. */
export function eolOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n'
}

export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
}

/** Where the line of an offset ends, before its line ending. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset)
  if (newline < 0) return text.length
  return text[newline - 1] === '\r' && newline > offset ? newline - 1 : newline
}

/** The end of the comment lines below a line that stand deeper than `column`, else `end` itself. */
export function afterOwnComments(text: string, end: number, column: number): number {
  let own = end
  for (let at = nextLine(text, end); at < text.length; at = nextLine(text, at)) {
    const line = text.slice(at, lineEnd(text, at))
    if (line.trim() === '') continue
    if (!line.trim().startsWith('#') || line.search(/\S/) <= column) break
    own = lineEnd(text, at)
  }
  return own
}

/** New lines below the line that ends at `end`; a text without a final newline stays without. */
export function insertLines(text: string, end: number, lines: readonly string[]): Splice {
  const eol = eolOf(text)
  return { from: end, to: end, text: lines.map((line) => eol + line).join('') }
}

/** Takes out the lines from the start of one to the end of another, with blank lines above. */
export function cutLines(text: string, start: number, end: number, blanksAbove: boolean): Splice {
  let from = start
  while (blanksAbove && from > 0) {
    const above = lineStart(text, from - 1)
    if (text.slice(above, from).trim() !== '') break
    from = above
  }
  return { from, to: nextLine(text, end), text: '' }
}

function nextLine(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset)
  return newline < 0 ? text.length : newline + 1
}
