/** A word of dhcpd.conf. Offsets are those of its first character and behind its last. */
export interface Word {
  readonly text: string
  readonly quoted: boolean
  readonly line: number
  readonly from: number
  readonly to: number
}

/** `words;` or `words { body }`. */
export interface Statement {
  readonly words: readonly Word[]
  /** Undefined where it ended with a semicolon. */
  readonly body: readonly Statement[] | undefined
}

// dhcpd knows no comment but #, and a string may run over several lines.
const tokens = /#[^\n]*|"(?:[^"\\]|\\[\s\S])*"?|[{};,=()]|[^\s"#{};,=()]+|\n/g

/**
 * Reads dhcpd.conf(5) as nested statements, tolerant of all that dhcpd itself will complain about.
 * Commas, parentheses and equal signs are left out: none of what pifarm asks for needs them.
 */
export function parseDhcpd(text: string): readonly Statement[] {
  const top: Statement[] = []
  const open: Statement[][] = []
  let into = top
  let words: Word[] = []
  let line = 1

  function finish(body: Statement[] | undefined): void {
    if (words.length > 0 || body !== undefined) into.push({ words, body })
    words = []
  }

  for (const match of text.matchAll(tokens)) {
    const token = match[0]
    if (token === '{') {
      const body: Statement[] = []
      finish(body)
      open.push(into)
      into = body
    } else if (token === '}') {
      finish(undefined)
      into = open.pop() ?? top
    } else if (token === ';') {
      finish(undefined)
    } else if (token.startsWith('"')) {
      const inner = token.slice(1, token.length > 1 && token.endsWith('"') ? -1 : undefined)
      const plain = inner.replace(/\\([\s\S])/g, '$1')
      words.push(wordAt(match.index, token, plain, line))
    } else if (!/^[#\n,=()]/.test(token)) {
      words.push(wordAt(match.index, token, token, line))
    }
    line += token.split('\n').length - 1
  }
  finish(undefined)
  return top
}

function wordAt(from: number, token: string, text: string, line: number): Word {
  return { text, quoted: token.startsWith('"'), line, from, to: from + token.length }
}
