import { expect, test } from 'vitest'
import { boardOf, wayOf, ways } from '../../src/sd-card/boards.ts'
import { hasNetbootFuse, otpRow } from '../../src/sd-card/otp.ts'

test.each([
  [0xa02082, '3b'],
  [0xa22082, '3b'],
  [0xa020d3, '3b+'],
  [0x9020e0, '3a+'],
  [0xa01041, '2b'],
  [0xa22042, '2b1.2'],
  [0xa03111, '4'],
  [0xd03114, '4'],
  [0xc03130, '400'],
  [0xa03140, 'cm4'],
  [0xc04170, '5'],
  [0x902120, 'zero2'],
  [0xa020a0, 'cm3'],
  [0x000e, '1b'],
  [0x0008, 'a'],
  [0x0011, 'cm1'],
  [0x0014, 'cm1'],
  [0x0015, 'a'],
  [0x0010, '1b'],
  // Overclocked: the warranty bit.
  [0x100_0008, 'a'],
  [0x100_000e, '1b'],
  [0x0000, undefined],
  [0xfffff0, undefined],
])('revision %s is a %s', (revision, board) => {
  expect(boardOf(revision)).toBe(board)
})

test.each(Object.entries(ways))('a %s has a way or a reason', (board, way) => {
  if (way.kind === 'never') expect(() => wayOf(board)).toThrow(way.why)
  else expect(wayOf(board)).toBe(way)
})

test.each([
  ['3020000a', true],
  ['1020000a', false],
  ['2020000a', true],
  ['ffffffff', true],
  ['dfffffff', false],
])('row 17 as %s', (hex, set) => {
  expect(hasNetbootFuse(otpRow(`16:00280000\n17:${hex}\n18:${hex}\n`, 17) ?? 0)).toBe(set)
})

test('a dump without the row has none', () => {
  expect(otpRow('117:3020000a\n17:xyz\n', 17)).toBeUndefined()
})
