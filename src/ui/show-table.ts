import Table from 'cli-table3'
import { visible } from './visible.ts'

/** Columns two blanks apart, without lines, so that they can be cut and copied. */
export function showTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const blank = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left']
  const none = ['bottom-right', 'left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid']
  const table = new Table({
    head: [...head],
    chars: { ...Object.fromEntries([...blank, ...none].map((key) => [key, ''])), middle: '  ' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  table.push(...rows.map((row) => row.map(visible)))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
