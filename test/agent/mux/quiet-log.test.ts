import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { makeClip, muxHere, scratchDir } from './mux-here.ts'

test('of a job that goes well ffmpeg has nothing to say, and its pictures have their full range', async () => {
  const dir = await scratchDir()
  await makeClip(
    dir,
    `-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=330 -f lavfi -i sine=440 -t 5
     -map 0 -map 1 -map 2 -metadata:s:a:0 language=eng -metadata:s:a:1 language=ger -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac clip.mp4`,
  )
  const { outcome, lines, output } = await muxHere(dir, { input: 'clip.mp4' })
  expect(outcome.kind).toBe('done')
  expect(lines.filter((line) => !line.startsWith('run: '))).toEqual([])

  const sheet = await pixels(join(output, 'sprite_001.jpg'), 'crop=160:90:640:360')
  expect([Math.min(...sheet), Math.max(...sheet)]).toEqual([0, 0])
  const poster = await pixels(join(output, 'poster.jpg'), 'null')
  expect(Math.min(...poster)).toBe(0)
  // Its brightest is yellow: 226, and 210 where a range is lost.
  expect(Math.max(...poster)).toBeGreaterThan(220)
})

async function pixels(file: string, filter: string): Promise<Uint8Array> {
  const args = ['-v', 'error', '-i', file, '-vf', filter, '-f', 'rawvideo', '-pix_fmt', 'gray', '-']
  const { stdout } = await execa('ffmpeg', args, { encoding: 'buffer' })
  return stdout.subarray(0, 1 << 16)
}
