import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { z } from 'zod'
import type { muxerView } from '../../src/protocol/views.ts'
import { first } from './boards.ts'
import { type EmulatedFarm, mustBeDone } from './emulated-farm.ts'

const film = '/srv/media/film.mp4'

/** The agent that the template brought, while HLSPi1 runs. */
export function muxing(farm: EmulatedFarm): void {
  test('its agent runs and has registered at the controller by the muxid', async () => {
    await expect
      .poll(() => muxer(farm), { timeout: farm.longestStage, interval: 2000 })
      .toMatchObject({
        id: '1',
        hostname: first.name,
      })
    expect(await farm.onPi(first, 'systemctl', 'is-active', 'hls-muxer')).toBe('active\n')
  })

  test('a video that is submitted on the NAS comes out as HLS on the media share', async () => {
    const picture = ['-f', 'lavfi', '-i', 'testsrc=size=256x144:rate=25:duration=6']
    const sound = ['-f', 'lavfi', '-i', 'sine=duration=6']
    const coded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
    const made = join(farm.box.dir, 'commands/film.mp4')
    await execa('ffmpeg', ['-v', 'error', '-y', ...picture, ...sound, ...coded, made])
    await farm.nas.must('install', '-m', '0644', '/run/commands/film.mp4', film)
    mustBeDone(await farm.nas.pifarm('jobs', 'submit', '--wait', '--ladder', '144:200', film))
    const list = await farm.nas.must('find', `${film}.hls`, '-name', '*.m3u8')
    expect(list.trim().split('\n').length).toBeGreaterThan(1)
  })

  test('hlsmux.lock takes it out of service', async () => {
    await farm.onPi(first, 'touch', '/home/pi/hlsmux.lock')
    await expect
      .poll(() => muxer(farm), { timeout: farm.longestStage, interval: 2000 })
      .toMatchObject({ state: { locked: expect.any(String) } })
    await farm.onPi(first, 'rm', '/home/pi/hlsmux.lock')
  })
}

async function muxer(farm: EmulatedFarm): Promise<z.infer<typeof muxerView> | undefined> {
  const found = JSON.parse(await farm.nas.must('pifarm', 'muxers', 'list', '--json'))
  return (found as z.infer<typeof muxerView>[])[0]
}
