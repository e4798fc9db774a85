import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { muxSettings } from '../../src/protocol/job.ts'
import { makeClip, muxHere, scratchDir } from '../agent/mux/mux-here.ts'
import { openHls } from './hls-files.ts'

async function finishedHls(): Promise<string> {
  const dir = await scratchDir()
  const film = '-f lavfi -i testsrc=s=256x144:r=25:d=6 -f lavfi -i sine=d=6'
  await makeClip(dir, `${film} -c:v libx264 -pix_fmt yuv420p -c:a aac film.mp4`)
  const ladder = { mode: 'explicit', renditions: [{ height: 144, kbps: 200 }] }
  const settings = muxSettings.parse({ ladder })
  const { outcome, output } = await muxHere(dir, { input: 'film.mp4', order: { settings } })
  expect(outcome.kind).toBe('done')
  return output
}

async function segmentsOf(dir: string): Promise<string[]> {
  const names = await readdir(dir)
  return names.filter((name) => name.endsWith('.ts')).map((name) => join(dir, name))
}

test('what the muxer makes opens, with all its frames', async () => {
  expect(await openHls(await finishedHls())).toEqual([
    { codec: 'h264', size: '256x144', seconds: expect.closeTo(6, 0), frames: 150, hasSound: true },
  ])
})

test.each([
  {
    damage: 'a segment that was cut off',
    does: async (dir: string) => truncate((await segmentsOf(dir))[0] ?? '', 20_000),
  },
  {
    damage: 'a segment of noise',
    does: async (dir: string) =>
      writeFile((await segmentsOf(dir))[0] ?? '', Buffer.alloc(50_000, 7)),
  },
  {
    damage: 'a playlist without an end',
    does: async (dir: string) => {
      const [name = ''] = (await readdir(dir)).filter((each) => /^manifest_\d/.test(each))
      const text = await readFile(join(dir, name), 'utf8')
      await writeFile(join(dir, name), text.replace('#EXT-X-ENDLIST\n', ''))
    },
  },
])('$damage does not', async ({ does }) => {
  const dir = await finishedHls()
  await does(dir)
  const opened = await openHls(dir).catch((error: Error) => error)
  expect(opened).not.toEqual([expect.objectContaining({ frames: 150 })])
})
