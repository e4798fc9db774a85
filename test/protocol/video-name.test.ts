import { expect, test } from 'vitest'
import { hasVideoName } from '../../src/protocol/video-name.ts'

test.each([
  ['a.mp4', true],
  ['A.MP4', true],
  ['a.b.m2ts', true],
  ['a.mpe', true],
  ['mp4', false],
  ['.mp4', false],
  ['a.mp4.part', false],
  ['a.jpg', false],
  ['a.m3u8', false],
])('%s has the name of a video: %s', (name, isOne) => {
  expect(hasVideoName(name)).toBe(isOne)
})
