import { expect, test } from 'vitest'
import { showTable } from '../../src/ui/show-table.ts'

test('columns are as wide as their widest cell, two blanks apart, without colours', () => {
  expect(
    showTable(
      ['NAME', 'SERIAL', 'X'],
      [
        ['HLSPi10', '3333347a', '1'],
        ['A', 'pending', ''],
      ],
    ),
  ).toBe('NAME     SERIAL    X\nHLSPi10  3333347a  1\nA        pending')
})

test('cells cannot steer the terminal', () => {
  expect(showTable(['A'], [['\u001b[31mx']])).toBe('A\n\\e[31mx')
})
