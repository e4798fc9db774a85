import stringWidth from 'string-width'

/** How a table gives way where a terminal is too narrow for it. */
export interface Fit {
  /** Of the terminal; undefined where none reads it: scripts get every cell whole. */
  readonly columns: number | undefined
  /**
   * The columns whose cells may be shortened, by their heads, and where: a path is known by its last
   * part, a sentence by its beginning.
   */
  readonly shortens: Readonly<Record<string, Cut>>
  /** The heads of those that may be left out, the least important first. */
  readonly leavesOut?: readonly string[]
}

type Cut = 'middle' | 'end'

interface FittedTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly leftOut: readonly string[]
}

export const gap = 2
/** Less than this says too little of a path or a reason: other columns are left out before. */
const readable = 24

/** What wraps is no table any more. */
export function fitTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { columns, shortens, leavesOut = [] }: Fit,
): FittedTable {
  if (columns === undefined) return { head, rows, leftOut: [] }
  const widths = head.map((title, at) =>
    Math.max(stringWidth(title), ...rows.map((row) => stringWidth(row[at] ?? ''))),
  )
  const cutOf = (at: number) => shortens[head[at] ?? '']
  const widthAt = (most: number, shown: readonly number[]) =>
    shown
      .map((at) => Math.min(widths[at] ?? 0, cutOf(at) ? most : Number.POSITIVE_INFINITY))
      .reduce((sum, width) => sum + width, (shown.length - 1) * gap)

  let shown = [...head.keys()]
  const leftOut: string[] = []
  for (const title of leavesOut) {
    if (widthAt(readable, shown) <= columns) break
    shown = shown.filter((at) => head[at] !== title)
    leftOut.push(title)
  }
  let most = Math.max(...widths)
  while (most > 1 && widthAt(most, shown) > columns) most -= 1

  const fitting = (row: readonly string[]) =>
    shown.map((at) => shortened(row[at] ?? '', most, cutOf(at)))
  return { head: fitting(head), rows: rows.map(fitting), leftOut }
}

function shortened(text: string, width: number, cut: Cut | undefined): string {
  if (cut === undefined || stringWidth(text) <= width) return text
  const chars = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment)
  const room = width - 1
  const end = cut === 'end' ? 0 : Math.floor(room / 2)
  const tail = beginning(chars.toReversed(), end).toReversed()
  return [...beginning(chars, room - end), '…', ...tail].join('')
}

/** Of a text that is longer, as much as fits. */
function beginning(chars: readonly string[], width: number): readonly string[] {
  let used = 0
  const end = chars.findIndex((char) => {
    used += stringWidth(char)
    return used > width
  })
  return chars.slice(0, end)
}
