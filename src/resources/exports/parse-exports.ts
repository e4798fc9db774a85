import { unescaped } from './etab.ts'

/** One client of one line of an exports file. */
export interface Export {
  /** Unescaped, without a slash at its end. */
  readonly path: string
  /** A host, a network, a wildcard, `@netgroup`; `*` where the line names nobody: the world. */
  readonly client: string
  readonly line: number
}

interface Token {
  readonly text: string
  readonly line: number
  /** It is the first of its line. */
  readonly first: boolean
}

/**
 * What a person's exports file exports, read as exportfs reads it. Never refuses: a line that makes
 * no sense is for exportfs itself to judge.
 */
export function parseExports(text: string): Export[] {
  const found: Export[] = []
  let path = ''
  let clients = 0
  function end(line: number): void {
    if (path !== '' && clients === 0) found.push({ path, client: '*', line })
  }
  let last = 0
  for (const token of tokensIn(text)) {
    if (token.first) {
      end(last)
      path = token.text.replace(/(?<=.)\/+$/, '')
      clients = 0
    } else if (!token.text.startsWith('-')) {
      clients += 1
      found.push({ path, client: token.text.replace(/\(.*$/s, '') || '*', line: token.line })
    }
    last = token.line
  }
  end(last)
  return found
}

/** Words between blanks; `"` joins, `\` at the end of a line goes on, `\040` is a byte in octal. */
function* tokensIn(text: string): Generator<Token> {
  let line = 1
  let first = true
  for (const [piece] of text.matchAll(pieces)) {
    if (piece === '\n') first = true
    else if (!/^(?:#|[ \t\r\f\v]|\\\n)/.test(piece)) {
      yield { text: wordOf(piece), line, first }
      first = false
    }
    line += piece.split('\n').length - 1
  }
}

/**
 * A comment begins where a word would, not inside one, and goes on over a `\` at its end. In
 * quotes only the closing quote or the end of the line ends.
 */
const pieces = /#(?:\\\n|[^\n])*|\\\n|\n|[ \t\r\f\v]+|(?:"(?:\\\n|[^"\n])*"?|\\(?!\n)|[^\s"\\])+/g

function wordOf(piece: string): string {
  return unescaped(piece.replaceAll('\\\n', ' ').replaceAll('"', ''))
}
