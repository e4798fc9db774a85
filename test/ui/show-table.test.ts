import stringWidth from 'string-width'
import { describe, expect, test } from 'vitest'
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

describe('where a terminal is too narrow', () => {
  const head = ['ID', 'TRIES', 'AT', 'FILE', 'HOW']
  const rows = [
    ['7', '1', '21:43', `films/${'long/'.repeat(9)}s01e04.mkv`, `failed: ${'why '.repeat(20)}end`],
    ['12', '10', '21:44', 'talk.mkv', ''],
  ]
  const fit = { shortens: { FILE: 'middle', HOW: 'end' } as const, leavesOut: ['TRIES', 'AT'] }
  const shown = (columns: number | undefined) => showTable(head, rows, { columns, ...fit })

  test('long cells lose their middle or their end, and no line is longer than it', () => {
    expect(shown(80)).toBe(
      [
        'ID  TRIES  AT     FILE                            HOW',
        '7   1      21:43  films/long/long…ong/s01e04.mkv  failed: why why why why why w…',
        '12  10     21:44  talk.mkv',
      ].join('\n'),
    )
  })

  test('columns of less weight are left out before a cell says too little, and named', () => {
    const lines = shown(64).split('\n')
    expect(lines[0]).toMatch(/^ID {2}AT {5}FILE/)
    expect(lines.at(-1)).toBe('left out for want of room: TRIES (--json has everything)')
    expect(lines.every((line) => line.length <= 64)).toBe(true)
  })

  test.each([20, 30, 40, 70, 100, 150])('it fits into %i columns', (columns) => {
    const table = shown(columns).split('\n').slice(0, 3)
    for (const line of table) expect(line.length).toBeLessThanOrEqual(columns)
  })

  test('characters of two columns count as two, and none is cut in half', () => {
    const wide = showTable(['F'], [['映画'.repeat(20)]], { columns: 20, shortens: { F: 'middle' } })
    const line = wide.split('\n')[1] ?? ''
    expect(line).toBe('映画映画映…映画映画')
    expect(stringWidth(line)).toBeLessThanOrEqual(20)
  })

  test('with room, or where no terminal reads it, everything is there', () => {
    expect(shown(undefined)).toBe(showTable(head, rows))
    expect(shown(200)).toBe(showTable(head, rows))
  })
})
