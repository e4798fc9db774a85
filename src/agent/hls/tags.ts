/** One line of a playlist: a tag, or a URI where it has no name. */
export interface PlaylistLine {
  readonly name: string | undefined
  readonly value: string
  readonly attributes: Readonly<Record<string, string>>
}

/** Undefined where the text is no playlist. */
export function parseTags(text: string): readonly PlaylistLine[] | undefined {
  const [first, ...lines] = text.split(/\r?\n/)
  if (first !== '#EXTM3U') return undefined
  return lines.flatMap((line): readonly PlaylistLine[] => {
    if (line === '' || (line.startsWith('#') && !line.startsWith('#EXT'))) return []
    if (!line.startsWith('#')) return [{ name: undefined, value: line, attributes: {} }]
    const [, name = '', value = ''] = /^#([^:]+):?(.*)$/.exec(line) ?? []
    return [{ name, value, attributes: parseAttributes(value) }]
  })
}

function parseAttributes(value: string): Record<string, string> {
  const pairs = [...value.matchAll(/([A-Z0-9-]+)=("[^"]*"|[^",]*)(?:,|$)/g)]
  return Object.fromEntries(pairs.map(([, name = '', text = '']) => [name, unquoted(text)]))
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text
}

/** A quoted-string holds neither quotes nor line ends (RFC 8216, 4.2). */
export function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return `"${text.replace(/[\u0000-\u001f\u007f]/g, ' ').replaceAll('"', "'")}"`
}
