import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import type { JobStory, JobView, MuxerView } from '../../src/protocol/views.ts'
import { first } from './boards.ts'
import { type EmulatedFarm, mustBeDone } from './emulated-farm.ts'
import { emulationOfThisRun } from './emulation.ts'
import { openHls } from './hls-files.ts'

const lock = '/home/pi/hlsmux.lock'
/** A whole segment, or so much of one as an emulated board makes in minutes. */
const filmSeconds = emulationOfThisRun() === 'uml' ? 6 : 2

/** The agent that the template brought, while HLSPi1 runs. */
export function muxing(farm: EmulatedFarm): void {
  // Each look is a node that the NAS starts, which a slow Pi reads its root from meanwhile.
  const inTime = { timeout: farm.longestWork, interval: farm.longestWork / 300 }

  test('its agent runs and has registered at the controller by the muxid', async () => {
    await expect.poll(() => muxer(farm), inTime).toMatchObject({ id: '1', hostname: first.name })
    expect(await farm.onPi(first, 'systemctl', 'is-active', 'hls-muxer')).toBe('active\n')
  })

  test('a video that is submitted on the NAS comes out as HLS on the media share', async () => {
    const film = await putFilm(farm, 'film.mp4', filmSeconds)
    const wait = ['--wait', '--ladder', '144:200', film]
    const run = await farm.nas.start(['pifarm', 'jobs', 'submit', ...wait], farm.longestWork)
    mustBeDone(await run.ended)
    expect(await hlsOf(farm, 'film.mp4')).toEqual([
      {
        codec: 'h264',
        size: '256x144',
        seconds: expect.closeTo(filmSeconds, 0),
        frames: 25 * filmSeconds,
        hasSound: true,
      },
    ])
  })

  test('hlsmux.lock takes it out of service; without it, it does what waited', async () => {
    await farm.onPi(first, 'touch', lock)
    await expect.poll(() => locked(farm), inTime).toEqual(expect.stringContaining(lock))
    const film = await putFilm(farm, 'waits.mp4', 2)
    const submit = ['submit', '--json', '--ladder', '144:200', film]
    const [job] = JSON.parse(mustBeDone(await farm.nas.pifarm('jobs', ...submit))) as JobView[]
    // It asks every ten seconds whether it may, and each time says that it must not.
    const asked = async () => Date.parse((await muxer(farm))?.lastSeenAt ?? '')
    for (let time = 0; time < 2; time += 1) {
      const before = await asked()
      await expect.poll(asked, inTime).toBeGreaterThan(before)
    }
    expect(await stateOf(farm, job)).toBe('queued')

    await farm.onPi(first, 'rm', lock)
    await expect.poll(() => locked(farm), inTime).toBeNull()
    await expect.poll(() => stateOf(farm, job), inTime).toBe('done')
    expect(await hlsOf(farm, 'waits.mp4')).toMatchObject([{ size: '256x144', frames: 50 }])
  })
}

/** Makes one here and lays it on the share; answers where it is on the NAS. */
async function putFilm(farm: EmulatedFarm, name: string, seconds: number): Promise<string> {
  const picture = ['-f', 'lavfi', '-i', `testsrc=size=256x144:rate=25:duration=${seconds}`]
  const sound = ['-f', 'lavfi', '-i', `sine=duration=${seconds}`]
  const coded = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-c:a', 'aac']
  const made = join(farm.box.dir, 'commands', name)
  await execa('ffmpeg', ['-v', 'error', '-y', ...picture, ...sound, ...coded, made])
  await farm.nas.must('install', '-m', '0644', `/run/commands/${name}`, `/srv/media/${name}`)
  return `/srv/media/${name}`
}

/** What came of a film, fetched from the NAS and opened. */
async function hlsOf(farm: EmulatedFarm, name: string) {
  await farm.nas.must('cp', '-r', `/srv/media/${name}.hls`, '/run/commands/')
  return await openHls(join(farm.box.dir, 'commands', `${name}.hls`))
}

async function muxer(farm: EmulatedFarm): Promise<MuxerView | undefined> {
  const found = JSON.parse(await farm.nas.must('pifarm', 'muxers', 'list', '--json'))
  return (found as MuxerView[]).find(({ id }) => id === '1')
}

/** Why it claims nothing; null where it does, undefined where there is no such muxer. */
async function locked(farm: EmulatedFarm): Promise<string | null | undefined> {
  return (await muxer(farm))?.state.locked
}

async function stateOf(farm: EmulatedFarm, job: JobView | undefined): Promise<string> {
  const story = await farm.nas.must('pifarm', 'jobs', 'show', String(job?.id), '--json')
  return (JSON.parse(story) as JobStory).job.state
}
