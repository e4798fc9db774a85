import { expect, test } from 'vitest'
import { threadArgs } from '../../../src/agent/mux/encoder-args.ts'

test.each([
  ['one alone takes what it likes', 1, 4, []],
  ['one processor', 3, 1, []],
  ['three on two processors', 3, 2, ['-threads', '2']],
  ['three on a Pi', 3, 4, ['-threads', '3']],
  ['four on a Pi', 4, 4, ['-threads', '3']],
  ['more than there are processors', 10, 4, ['-threads', '2']],
  ['two share no less than each would take', 2, 2, []],
] as const)('threads of x264: %s', (_, encoders, processors, expected) => {
  expect(threadArgs(encoders, processors)).toEqual(expected)
})
