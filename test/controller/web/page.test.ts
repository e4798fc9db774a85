import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MuxResult } from '../../../src/protocol/job.ts'
import { makeClip, muxHere } from '../../agent/mux/mux-here.ts'
import { expectAccessible, openBrowser, visit } from './browser.ts'
import { scriptedAgent } from './scripted-agent.ts'
import { type ServedFarm, serveFarm } from './served-farm.ts'

const hostile = '<img src=x onerror=alert(1)> & "quotes".mp4'

describe('the page', () => {
  let farm: ServedFarm
  let browser: Browser
  let muxed: MuxResult
  const made = mkdtempSync(join(tmpdir(), 'pifarm-made-'))

  beforeAll(async () => {
    farm = await serveFarm(['1', '2'])
    const films = join(farm.media, 'films')
    mkdirSync(films)
    await makeClip(
      films,
      '-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=330 -t 2.5 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac clip.mp4',
    )
    cpSync(films, join(made, 'films'), { recursive: true })
    const { outcome } = await muxHere(join(made, 'films'), {
      input: 'clip.mp4',
      order: { mediaDir: made },
    })
    if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
    muxed = outcome.result
    writeFileSync(join(films, hostile), 'no video')
    writeFileSync(join(films, 'notes.txt'), 'no video')
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser?.close()
    await farm?.remove()
    rmSync(made, { recursive: true })
  })

  /** What the agent does in the end: the whole directory appears at once. */
  function publish(): void {
    renameSync(join(made, 'films/clip.mp4.hls'), join(farm.media, 'films/clip.mp4.hls'))
  }

  test('a video is submitted, made before one’s eyes, and played to its end in each rendition', async () => {
    const { page, complaints } = await visit(browser, farm)
    await page.getByText('No Pi has come yet').waitFor()
    const agent = scriptedAgent(farm, '1')
    await agent.register()
    const card = page.getByRole('listitem').filter({ hasText: 'hlspi1' })
    await card.getByText('Idle').waitFor()

    await page.getByRole('link', { name: 'Submit a video' }).first().click()
    await page.getByRole('link', { name: 'films' }).click()
    await page.getByRole('radio', { name: 'clip.mp4' }).check()
    expect(await page.getByText('notes.txt').count()).toBe(0)
    await page.getByRole('button', { name: 'Submit' }).click()
    await page.getByRole('heading', { level: 1, name: 'films/clip.mp4' }).waitFor()
    await page.getByText('No Pi has taken it yet').waitFor()

    const { claimed } = await agent.claim()
    if (claimed === undefined) throw new Error('nothing to claim')
    await page.getByText('just begun').waitFor()
    const bar = page.getByRole('progressbar', { name: 'Progress of films/clip.mp4' })
    for (const percent of [12, 57, 98]) {
      await agent.heartbeat(claimed, { percent })
      await page.getByText(`${percent} %`).waitFor()
      expect(await bar.getAttribute('value')).toBe(String(percent))
    }
    publish()
    await agent.complete(claimed, muxed)
    await page.getByText('films/clip.mp4 is done').waitFor()

    expect(muxed.renditions.length).toBeGreaterThan(1)
    for (const { width, height } of muxed.renditions) {
      await page.getByRole('radio', { name: `${width} × ${height}` }).check()
      await page.getByRole('radio', { name: `${width} × ${height} on screen` }).waitFor()
      expect(await playToTheEnd(page)).toEqual({ width, height, isWhole: true })
    }
    await page.getByRole('radio', { name: 'Automatic' }).check()
    expect(await playToTheEnd(page)).toMatchObject({ isWhole: true })
    await expectAccessible(page)
    expect(complaints).toEqual([])
    await page.context().close()
  })
})

/** Runs in the page; text, since it is no part of this program. */
const play = `(async () => {
  const video = document.querySelector('video')
  video.muted = true
  video.playbackRate = 2
  video.currentTime = 0
  await new Promise((resolve, reject) => {
    video.onended = resolve
    const told = () => ['at', video.currentTime, 'ready', video.readyState, 'paused', video.paused, 'buffered', video.buffered.length && video.buffered.end(0), 'height', video.videoHeight, 'of', video.duration].join(' ')
    setTimeout(() => reject(new Error('it does not end: ' + told())), 30000)
    video.play().catch(reject)
  })
  return {
    width: video.videoWidth,
    height: video.videoHeight,
    isWhole: Math.abs(video.currentTime - video.duration) < 0.2,
  }
})()`

const playToTheEnd = (page: Page): Promise<unknown> => page.evaluate(play)
