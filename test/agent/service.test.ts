import { readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { bundledAgent, ended, farmHere } from './agent-here.ts'
import { claimedJob } from './machine/a-job.ts'
import { standInToken } from './stand-in-controller.ts'

const bundle = bundledAgent()
const agent = () => [process.execPath, bundle.path]

test('registers, makes the HLS of a job, tidies its input away, and stops when told', async () => {
  const farm = await farmHere(agent(), { labels: ['shelf:2'] })
  const { controller, media } = farm
  controller.queue.push(claimedJob(1))
  const child = farm.start()
  await controller.until('a report', () => controller.reports.length > 0)
  expect(controller.reports).toMatchObject([
    {
      kind: 'complete',
      job: '1',
      body: { result: { master: 'videos/in.mp4.hls/manifest_master.m3u8', encoder: 'libx264' } },
    },
  ])
  expect((await verifyHls(join(media, 'videos/in.mp4.hls'))).problems).toEqual([])
  expect(controller.registrations).toMatchObject([
    { labels: ['shelf:2'], capabilities: { encoders: ['libx264'] } },
  ])
  expect(controller.heartbeats[0]).toMatchObject({ state: { locked: null, trouble: null } })

  controller.tidyFiles = [{ id: 'f1', path: 'videos/in.mp4', policy: 'move' }]
  await controller.until('a tidied file', () => controller.tidied.length > 0)
  expect(controller.tidied).toEqual([{ id: 'f1', outcome: 'moved', detail: '' }])
  expect(await readdir(join(media, 'originals/videos'))).toEqual(['in.mp4'])

  child.kill('SIGTERM')
  expect(await ended(child)).toBe(0)
  expect(controller.nonsense).toEqual([])
  expect(farm.lines.join('\n')).not.toContain(standInToken)
  expect(await readdir(farm.state)).not.toContain('job.json')
  expect(await readdir(join(farm.state, 'reports'))).toEqual([])
})

test('one that waits for a job is stopped without a word about its controller', async () => {
  const farm = await farmHere(agent())
  const { controller } = farm
  const child = farm.start()
  await controller.until('a claim', () => controller.claims.length > 0)
  child.kill('SIGINT')
  expect(await ended(child)).toBe(0)
  expect(farm.lines.at(-1)).toBe('stopped')
  expect(farm.lines.join('\n')).not.toContain('aborted')
})

test('makes the HLS of a job with the system calls that its unit leaves it', async () => {
  const unit = fileURLToPath(
    new URL('../../templates/root-template/hls-muxer.service.hbs', import.meta.url),
  )
  const filter = fileURLToPath(new URL('under-its-filter.py', import.meta.url))
  const bare = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']
  // Debian's own Python: another would not find Debian's module.
  const argv = [...bare, '/usr/bin/python3', filter, unit, ...agent()]
  // What it can do is tried anew, with no more than that.
  const farm = await farmHere(argv, {}, 'under its filter')
  const { controller } = farm
  controller.queue.push(claimedJob(1))
  farm.start()
  await controller.until('a report', () => controller.reports.length > 0)
  expect(controller.reports).toMatchObject([
    { kind: 'complete', body: { result: { encoder: 'libx264' } } },
  ])
})

test('a lock file: nothing is claimed, and its text is what the controller hears', async () => {
  const farm = await farmHere(agent())
  const { controller } = farm
  controller.queue.push(claimedJob(1))
  await writeFile(farm.lockFile, 'new fan\n')
  farm.start()
  await controller.until('a claim', () => controller.claims.length > 0)
  expect(controller.claims[0]).toMatchObject({ waitSeconds: 0, state: { locked: 'new fan' } })
  expect(controller.queue).toHaveLength(1)
  await rename(farm.lockFile, `${farm.lockFile}.off`)
  await controller.until('a report', () => controller.reports.length > 0)
  expect(controller.reports[0]).toMatchObject({ kind: 'complete' })
})

describe('while a job runs', () => {
  /** A job that takes its time, because its input must stay as it is for a minute. */
  async function atWork() {
    const farm = await farmHere(agent(), { stableSeconds: 60 })
    farm.controller.queue.push(claimedJob(1))
    const child = farm.start()
    await farm.controller.until('a heartbeat', () => farm.controller.heartbeats.length > 0)
    return { ...farm, child }
  }

  test('SIGTERM gives it back at once', async () => {
    const { controller, child, state } = await atWork()
    child.kill('SIGTERM')
    expect(await ended(child)).toBe(0)
    expect(controller.reports).toMatchObject([
      { kind: 'release', body: { why: 'the agent was stopped' } },
    ])
    expect(await readdir(state)).not.toContain('job.json')
  })

  test('cancelled, it is given back', async () => {
    const { controller } = await atWork()
    controller.cancel = true
    await controller.until('a report', () => controller.reports.length > 0)
    expect(controller.reports).toMatchObject([{ kind: 'release', body: { why: 'cancelled' } }])
  })

  test('a lost lease ends it, nothing is published, and the next job is claimed', async () => {
    const { controller, configure, media, lines } = await atWork()
    await configure({})
    controller.loseLease(claimedJob(1).lease.token)
    const claims = controller.claims.length
    await controller.until('another claim', () => controller.claims.length > claims)
    expect(controller.reports).toEqual([])
    expect(lines).toContain('stops job 1: the lease is lost')
    expect(await readdir(join(media, 'videos'))).toEqual(['in.mp4'])
  })

  test('a media directory that is gone gives it back', async () => {
    const { controller, media } = await atWork()
    await rename(media, `${media}.away`)
    await controller.until('a report', () => controller.reports.length > 0)
    expect(controller.reports).toMatchObject([
      { kind: 'release', body: { why: expect.stringContaining('the media share is away') } },
    ])
    await controller.until('the trouble', () => controller.claims.at(-1)?.state.trouble !== null)
  })
})

test('a job whose path leads out, or to nothing, fails for good', async () => {
  const farm = await farmHere(agent())
  const { controller } = farm
  controller.queue.push(claimedJob(1, 'videos/none.mp4'))
  farm.start()
  await controller.until('a report', () => controller.reports.length > 0)
  expect(controller.reports).toMatchObject([
    { kind: 'fail', body: { reason: 'MissingFile', retryable: false } },
  ])
})

test('a controller that is asked too often is not away: it is left alone for as long as it says', async () => {
  const farm = await farmHere(agent())
  const { controller, lines } = farm
  controller.fault = '429'
  farm.start()
  await controller.until('asked four times', () => controller.turnedAway.length >= 4)
  controller.fault = 'none'
  await farm.wrote(/^registered as muxer 7/)
  expect(lines).toContain('controller: status 429 too many requests')
  expect(lines).not.toContain('the controller is away')
  const pauses = controller.turnedAway.slice(1).map((at, n) => at - (controller.turnedAway[n] ?? 0))
  // A timer may be a little early, and the clock that is looked at is another.
  for (const pause of pauses) expect(pause).toBeGreaterThan(950)
})

test('a controller that is broken hears of the job when it is mended, once', async () => {
  const farm = await farmHere(agent())
  const { controller, lines } = farm
  controller.queue.push(claimedJob(1))
  farm.start()
  await farm.wrote(/^claimed job 1/)
  for (const fault of ['500', 'garbage'] as const) {
    controller.fault = fault
    const from = lines.length
    await farm.wrote(/^complete of job 1 is kept for later/, fault === '500' ? 0 : from)
  }
  controller.fault = 'none'
  await controller.until('a report', () => controller.reports.length > 0)
  await farm.wrote(/^told: complete of job 1/)
  expect(controller.reports).toMatchObject([{ kind: 'complete', job: '1' }])
})
