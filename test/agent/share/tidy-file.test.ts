import { mkdir, readdir, readFile, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type MuxRecord, recordName } from '../../../src/agent/mux/mux-record.ts'
import { fingerprint } from '../../../src/agent/mux/workspace.ts'
import { type TidyOrder, tidyFile } from '../../../src/agent/share/tidy-file.ts'
import { muxed } from '../machine/a-job.ts'
import { scratchDir } from '../mux/mux-here.ts'

let media: string
let film: string

beforeEach(async () => {
  media = join(await scratchDir(), 'media')
  film = join(media, 'videos/film.ts')
  await mkdir(`${film}.hls`, { recursive: true })
  await writeFile(film, 'FILM')
  await record()
})

async function record(): Promise<void> {
  if (muxed.done.kind !== 'done') throw new Error('not done')
  const { result } = muxed.done
  const written: MuxRecord = { jobId: '1', fingerprint: await fingerprint(film), result }
  await writeFile(join(`${film}.hls`, recordName), JSON.stringify(written))
}

function tidy(policy: TidyOrder['policy'], path = 'videos/film.ts') {
  return tidyFile({ mediaDir: media, originalsDir: 'originals' }, { id: '1', path, policy })
}

const kept = () => readFile(join(media, 'originals/videos/film.ts'), 'utf8')

test('moved below originals; moved already is moved', async () => {
  expect(await tidy('move')).toEqual({ outcome: 'moved', detail: '' })
  expect(await kept()).toBe('FILM')
  expect(await readdir(join(media, 'videos'))).toEqual(['film.ts.hls'])
  expect(await tidy('move')).toEqual({ outcome: 'moved', detail: 'it was there already' })
})

test('deleted; gone is gone', async () => {
  expect(await tidy('delete')).toMatchObject({ outcome: 'deleted' })
  expect(await tidy('delete')).toMatchObject({ outcome: 'gone' })
  expect(await tidy('move')).toMatchObject({ outcome: 'gone' })
})

test('kept', async () => {
  expect(await tidy('keep')).toMatchObject({ outcome: 'kept' })
  expect(await readFile(film, 'utf8')).toBe('FILM')
})

test.each([
  ['without our HLS', () => rename(`${film}.hls`, `${film}.other`), 'no HLS of ours'],
  [
    'with a foreign directory of that name',
    () => writeFile(join(`${film}.hls`, recordName), '{}'),
    'no HLS of ours',
  ],
  ['with other content than the HLS was made from', () => writeFile(film, 'NEWS'), 'not the file'],
  ['touched since', () => utimes(film, 1, 1), 'not the file'],
])('%s it stays', async (_, change, why) => {
  await change()
  const before = await readFile(film, 'utf8')
  for (const policy of ['move', 'delete'] as const)
    expect(await tidy(policy)).toMatchObject({
      outcome: 'refused',
      detail: expect.stringContaining(why),
    })
  expect(await readFile(film, 'utf8')).toBe(before)
})

test('links are left alone, and none leads out', async () => {
  const outside = join(media, '../outside')
  await mkdir(outside)
  await writeFile(join(outside, 'x.ts'), 'X')
  await symlink(join(outside, 'x.ts'), join(media, 'x.ts'))
  expect(await tidy('delete', 'x.ts')).toMatchObject({ outcome: 'refused' })
  await symlink('videos/film.ts', join(media, 'y.ts'))
  expect(await tidy('delete', 'y.ts')).toMatchObject({ outcome: 'refused', detail: 'it is a link' })
  await symlink(outside, join(media, 'originals'))
  expect(await tidy('move')).toMatchObject({ outcome: 'refused' })
  expect(await readFile(film, 'utf8')).toBe('FILM')
  expect(await readdir(outside)).toEqual(['x.ts'])
})

test('another original of that name is not overwritten', async () => {
  await mkdir(join(media, 'originals/videos'), { recursive: true })
  await writeFile(join(media, 'originals/videos/film.ts'), 'OTHER')
  expect(await tidy('move')).toMatchObject({ outcome: 'refused' })
  expect(await kept()).toBe('OTHER')
  expect(await readFile(film, 'utf8')).toBe('FILM')
})

test('originals on a filesystem of their own: copied whole, then removed', async () => {
  const originals = join(media, 'originals')
  await mkdir(originals)
  await execa('mount', ['-t', 'tmpfs', 'pifarm-test', originals])
  onTestFinished(async () => {
    await execa('umount', [originals])
  })
  expect(await tidy('move')).toEqual({ outcome: 'moved', detail: '' })
  expect(await kept()).toBe('FILM')
  expect(await readdir(join(originals, 'videos'))).toEqual(['film.ts'])
  expect(await readdir(join(media, 'videos'))).toEqual(['film.ts.hls'])
})
