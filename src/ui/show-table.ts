import Table from 'cli-table3'
import { type Fit, fitTable, gap } from './fit-table.ts'
import { visible } from './visible.ts'

/** Columns two blanks apart, without lines, so that they can be cut and copied. */
export function showTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  fit: Fit = { columns: undefined, shortens: {} },
): string {
  const blank = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left']
  const none = ['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid']
  const shown = rows.map((row) => row.map(visible))
  const fitted = fitTable(head, shown, fit)
  const table = new Table({
    head: [...fitted.head],
    chars: {
      ...Object.fromEntries([...blank, ...none].map((key) => [key, ''])),
      middle: ' '.repeat(gap),
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  table.push(...fitted.rows.map((row) => [...row]))
  const lines = table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
  const { leftOut } = fitted
  const note = `left out for want of room: ${leftOut.join(', ')} (--json has everything)`
  return [...lines, ...(leftOut.length === 0 ? [] : [note])].join('\n')
}
