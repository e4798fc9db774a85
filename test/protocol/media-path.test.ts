import { describe, expect, it } from 'vitest'
import { mediaPath } from '../../src/protocol/job.ts'

describe('a media path', () => {
  it.each(['talk.ts', 'a b/ü.mkv', '-i.mp4', 'x/..y.mp4', 'x/y..mp4'])('may be %j', (path) => {
    expect(mediaPath.parse(path)).toBe(path)
  })

  it.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a/./x',
    'a//x',
    'a/',
    'a\nb',
    'a\u0000b',
    'u\u0308.mp4',
    'x'.repeat(1025),
  ])('may not be %j', (path) => {
    expect(mediaPath.safeParse(path).success).toBe(false)
  })
})
