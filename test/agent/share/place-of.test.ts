import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { placeOf } from '../../../src/agent/share/place-of.ts'
import { scratchDir } from '../mux/mux-here.ts'

let top: string
let media: string

beforeEach(async () => {
  top = await scratchDir()
  media = join(top, 'media')
  await mkdir(join(media, 'videos'), { recursive: true })
  await mkdir(join(top, 'media-other'))
  await writeFile(join(top, 'media-other/key'), 'KEY')
  await writeFile(join(media, 'videos/film.ts'), 'FILM')
})

test('a file of the media directory, and its HLS beside it', async () => {
  expect(await placeOf(media, 'videos/film.ts')).toEqual({
    mediaDir: media,
    input: join(media, 'videos/film.ts'),
    output: join(media, 'videos/film.ts.hls'),
  })
})

test('links inside are followed; the HLS lies beside the name that was given', async () => {
  await symlink('videos/film.ts', join(media, 'newest.ts'))
  await symlink('videos', join(media, 'v'))
  expect(await placeOf(media, 'newest.ts')).toMatchObject({
    input: join(media, 'videos/film.ts'),
    output: join(media, 'newest.ts.hls'),
  })
  expect(await placeOf(media, 'v/film.ts')).toMatchObject({
    output: join(media, 'videos/film.ts.hls'),
  })
})

describe('refused', () => {
  test.each([
    ['a link to a file outside', '../media-other/key', 'x.ts', 'x.ts'],
    ['an absolute link', '/etc/passwd', 'x.ts', 'x.ts'],
    ['a directory that is a link outside', '../media-other', 'd', 'd/key'],
    [
      'a link to a directory whose name only begins alike',
      '../media-other',
      'videos/d',
      'videos/d/key',
    ],
  ])('%s', async (_, target, name, path) => {
    await symlink(target.startsWith('/') ? target : join(media, target), join(media, name))
    expect(await placeOf(media, path)).toBe('outside')
  })

  test('a path with .. in it, though no such path is parsed', async () => {
    expect(await placeOf(media, '../media-other/key')).toBe('outside')
  })

  test('the media directory itself, and a name that leaves no room for .hls', async () => {
    await symlink(media, join(media, 'self'))
    expect(await placeOf(media, 'self')).toBe('outside')
    expect(await placeOf(media, `${'x'.repeat(252)}`)).toBe('outside')
  })
})

test.each(['videos/none.ts', 'none/film.ts', 'videos/film.ts/more'])(
  '%s is not there',
  async (path) => {
    expect(await placeOf(media, path)).toBe('gone')
  },
)

test('a media directory that is gone is an error, not a missing file', async () => {
  await expect(placeOf(join(top, 'gone'), 'film.ts')).rejects.toThrow('ENOENT')
})
