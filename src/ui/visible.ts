/**
 * Text from files, logs and the network as a terminal may get it: escape sequences would move the
 * cursor or rename the window, and marks that turn the direction of writing would make a diff lie.
 * Tabs stay.
 */
export function visible(text: string): string {
  return text.replace(
    /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (char) => escapes[char] ?? `\\u{${char.codePointAt(0)?.toString(16)}}`,
  )
}

/** The same of several lines, which stay lines. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

const escapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\u001b': '\\e' }
