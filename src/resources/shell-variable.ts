import { UserError } from '../errors.ts'

/** An option of a daemon: its long and short spelling and the value it should have. */
export interface WantedOption {
  readonly long: string
  readonly short: string
  readonly value: number
}

/**
 * Gives daemon options inside a variable of a file that a shell reads, e.g. STATDOPTS="--port 33050"
 * in /etc/default/nfs-common. A person's other words stay. What only a shell could work out is a
 * `UserError` with `file:line`.
 */
export function setOptions(
  text: string,
  file: string,
  variable: string,
  wanted: readonly WantedOption[],
): string {
  return setWords(text, file, variable, (words) => withOptions(words, wanted))
}

/**
 * Changes the words inside a variable of a file that a shell reads, as `change` says. The same words
 * again leave the text as it is.
 */
export function setWords(
  text: string,
  file: string,
  variable: string,
  change: (words: readonly string[]) => readonly string[],
): string {
  const there = lastAssignment(text, variable)
  if (there === undefined) {
    const eol = /\r?\n/.exec(text)?.[0] ?? '\n'
    const glue = text === '' || text.endsWith('\n') ? '' : eol
    return `${text}${glue}${variable}="${change([]).join(' ')}"${eol}`
  }
  const value = /^(?:"([^"$`\\]*)"|'([^'"]*)'|([^\s"'$`\\;#&|()]*))[ \t\r]*(?:#.*)?$/.exec(
    there.rest,
  )
  if (value === null) {
    const line = text.slice(0, there.from).split('\n').length
    throw new UserError(`${file}:${line}: ${variable} is more than plain words in quotes`, {
      hint: `write it as ${variable}="..." on one line`,
    })
  }
  const [, double, single, bare] = value
  const content = double ?? single ?? bare ?? ''
  const words = content.split(/\s+/).filter((word) => word !== '')
  const after = change(words)
  if (after.join(' ') === words.join(' ')) return text
  const quotes = double === undefined && single === undefined ? 0 : 2
  const to = there.from + content.length + quotes
  return `${text.slice(0, there.from)}"${after.join(' ')}"${text.slice(to)}`
}

/** Whether the variable is assigned one of these options. */
export function hasOption(text: string, variable: string, { long, short }: WantedOption): boolean {
  const rest = lastAssignment(text, variable)?.rest ?? ''
  return new RegExp(`(?:^|[\\s"'])(?:${long}(?:[\\s="']|$)|${short}\\s*\\d)`).test(rest)
}

/** The shell takes the last one. `from` is the offset of its value, `rest` the line from there. */
function lastAssignment(
  text: string,
  variable: string,
): { readonly from: number; readonly rest: string } | undefined {
  const pattern = new RegExp(`^([ \\t]*(?:export[ \\t]+)?${variable}=)(.*)$`, 'gm')
  const match = [...text.matchAll(pattern)].at(-1)
  if (match === undefined) return undefined
  return { from: match.index + (match[1] ?? '').length, rest: match[2] ?? '' }
}

function withOptions(words: readonly string[], wanted: readonly WantedOption[]): string[] {
  return wanted.reduce<string[]>(withOption, [...words])
}

function withOption(words: readonly string[], { long, short, value }: WantedOption): string[] {
  const isFlag = (word: string) => word === long || word === short
  const isJoined = (word: string) =>
    word.startsWith(`${long}=`) ||
    (word.startsWith(short) && /^\d+$/.test(word.slice(short.length)))
  const given = words.flatMap((word, index) =>
    isFlag(word) ? [words[index + 1]] : isJoined(word) ? [/\d+$/.exec(word)?.[0]] : [],
  )
  if (given.length === 1 && given[0] === String(value)) return [...words]
  const others = words.filter(
    (word, index) => !isFlag(word) && !isJoined(word) && !isFlag(words[index - 1] ?? ''),
  )
  return [...others, long, String(value)]
}
