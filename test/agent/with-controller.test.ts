import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { agentHere, bundledAgent, ended, mediaHere } from './agent-here.ts'
import { scratchDir } from './mux/mux-here.ts'
import { RealController, tokenOf } from './real-controller.ts'

const bundle = bundledAgent()
const clip = 'videos/in.mp4'

/** A media directory with one video, the controller, and a muxer for it that is not yet started. */
async function farmOf(rules: Parameters<typeof RealController.open>[2] = {}) {
  const media = await mediaHere()
  const controller = await RealController.open(await scratchDir(), media, rules)
  const muxer = (muxid: string, more = {}) =>
    agentHere({
      argv: [process.execPath, bundle.path],
      url: controller.url,
      token: tokenOf(muxid),
      media,
      muxid,
      config: more,
    })
  return { media, controller, muxer }
}

test('a job that is submitted becomes verified HLS, and its input is tidied away', async () => {
  const tidy = { policy: 'move', afterSeconds: 0 } as const
  const { media, controller, muxer } = await farmOf({ tidy })
  const agent = await muxer('7', { labels: ['shelf:2'] })
  const child = agent.start()
  await agent.wrote(/^registered as muxer 7/)

  const id = await controller.submit({ path: clip, needs: ['shelf:2'] })
  const { job, attempts } = await controller.until(id, 'done', (now) => now.job.state === 'done')
  expect(job.result).toMatchObject({
    master: 'videos/in.mp4.hls/manifest_master.m3u8',
    encoder: 'libx264',
    durationSeconds: 4,
    warnings: [],
  })
  expect(attempts).toMatchObject([{ muxer: '7', outcome: 'complete' }])
  const line = attempts[0]?.argv.join(' ')
  for (const part of [join(media, clip), ' -c:v libx264 ', ' -f hls ']) expect(line).toContain(part)
  const verdict = await verifyHls(join(media, 'videos/in.mp4.hls'))
  expect(verdict.problems).toEqual([])
  expect(job.result?.renditions.map(({ playlist, bandwidth }) => [playlist, bandwidth])).toEqual(
    verdict.variants.map(({ uri, bandwidth }) => [uri, bandwidth]),
  )
  expect(await controller.muxers()).toMatchObject([
    {
      id: '7',
      labels: ['shelf:2'],
      capabilities: { encoders: ['libx264'] },
      state: { locked: null, trouble: null },
    },
  ])

  await agent.wrote(/^tidied videos\/in.mp4: moved/)
  expect(await readdir(join(media, 'originals/videos'))).toEqual(['in.mp4'])
  child.kill('SIGTERM')
  expect(await ended(child)).toBe(0)
  expect(agent.lines.join('\n')).not.toContain(tokenOf('7'))
})

test('HLS that appears after the submission makes a job fail for good; one that is cancelled in the middle goes back', async () => {
  const { media, controller, muxer } = await farmOf()
  const agent = await muxer('7', { stableSeconds: 2 })
  agent.start()
  const first = await controller.submit({ path: clip })
  await controller.until(first, 'claimed', ({ job }) => job.state === 'leased')
  await controller.cancel(first)
  const cancelled = await controller.untilTried(first)
  expect(cancelled).toMatchObject({
    job: { state: 'cancelled' },
    attempts: [{ outcome: 'cancelled' }],
  })

  const second = await controller.submit({ path: clip })
  await controller.until(second, 'done', ({ job }) => job.state === 'done')
  await expect(controller.submit({ path: clip })).rejects.toThrow('has HLS already')
  const hls = join(media, `${clip}.hls`)
  await rename(hls, `${hls}-aside`)
  const third = await controller.submit({ path: clip })
  await controller.until(third, 'claimed', (now) => now.job.state === 'leased')
  await rename(`${hls}-aside`, hls)
  const { job } = await controller.until(third, 'failed', (now) => now.job.state === 'failed')
  expect(job.failure).toMatchObject({ reason: 'DirectoryExists' })
})
