import { describe, expect, test } from 'vitest'
import { findBlock, setBlock } from '../../src/resources/managed-block.ts'

describe('adding and taking out gives the same bytes', () => {
  test.each(['', 'a\n', 'a', 'a\r\nb\r\n', 'a\r\nb', '\n\n', 'caf\xe9 # \xff\n', 'a\n\n\n'])(
    '%j',
    (text) => {
      const added = setBlock(text, 'f', ['one', 'two'])
      expect(added.startsWith(text)).toBe(true)
      expect(findBlock(added, 'f')?.lines).toEqual(['one', 'two'])
      expect(setBlock(added, 'f', ['one', 'two'])).toBe(added)
      expect(setBlock(setBlock(added, 'f', ['three']), 'f', ['one', 'two'])).toBe(added)
      expect(setBlock(added, 'f', undefined)).toBe(text)
    },
  )
})

test('a block in the middle is replaced where it stands', () => {
  const text = `${setBlock('a\n', 'f', ['old'])}b`
  const changed = setBlock(text, 'f', ['new'])
  expect(changed).toBe(text.replace('old', 'new'))
  expect(setBlock(changed, 'f', undefined)).toBe('a\nb')
})

test('CRLF is kept', () => {
  expect(setBlock('a\r\n', 'f', ['x'])).not.toMatch(/[^\r]\n/)
})

test.each([
  ['a\n# BEGIN pifarm\nx\n', 'f:2: BEGIN pifarm without its END'],
  ['# BEGIN pifarm\n# BEGIN pifarm\n# END pifarm\n', 'f:2: a second BEGIN pifarm'],
  ['# BEGIN pifarm\n# END pifarm\n# BEGIN pifarm\n# END pifarm\n', 'f:3: a second BEGIN pifarm'],
  ['x\n\n# END pifarm\n', 'f:3: END pifarm without its BEGIN'],
])('refuses damaged markers: %j', (text, message) => {
  expect(() => setBlock(text, 'f', ['x'])).toThrow(message)
})

test('what only looks like a marker is left alone', () => {
  expect(findBlock('# BEGIN pifarms\n# begin pifarm\nx # END pifarm\n', 'f')).toBeUndefined()
})
