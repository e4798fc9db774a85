import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type MuxResult, muxSettings } from '../../../src/protocol/job.ts'
import { makeClip, muxHere } from '../../agent/mux/mux-here.ts'
import { type ControllerHere, controllerHere } from '../controller-here.ts'
import { playedAgent } from '../played-agent.ts'
import { nas, openBrowser, playToTheEnd, visit } from './browser.ts'

let controller: ControllerHere
let browser: Browser

beforeAll(async () => {
  controller = await controllerHere()
  browser = await openBrowser()
})
afterAll(async () => {
  await browser?.close()
  await controller?.remove()
})

/** A job that is done with what was really made; answers its id. */
async function doneJob(
  dir: string,
  wish: object,
  size = '640x360',
): Promise<{ id: string; muxed: MuxResult }> {
  const { media } = controller
  mkdirSync(join(media, dir), { recursive: true })
  await makeClip(
    join(media, dir),
    `-f lavfi -i testsrc2=size=${size}:rate=25 -f lavfi -i sine=330 -t 2.5
     -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac clip.mp4`,
  )
  const settings = muxSettings.parse(wish)
  const { outcome } = await muxHere(join(media, dir), {
    input: 'clip.mp4',
    order: { mediaDir: media, settings },
  })
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  const submitted = await controller.ask('POST', '/v1/jobs', {
    path: `${dir}/clip.mp4`,
    settings: { ...wish, onExists: 'replace' },
  })
  const agent = playedAgent(controller)
  await agent.register()
  await agent.complete((await agent.claim()).json, outcome.result)
  return { id: submitted.json.id, muxed: outcome.result }
}

/** By its name, as people ask for it: there a page may not use the browser's own cryptography. */
async function visitNas() {
  const address = `http://${nas}:${new URL(controller.address).port}`
  const { page, complaints } = await visit(browser, address)
  expect(await page.evaluate('isSecureContext')).toBe(false)
  return { page, complaints, open: (id: string) => page.goto(`${address}/#/jobs/${id}`) }
}

test.each([
  ['fMP4', 'fmp4', { segments: 'fmp4' }, ['#EXT-X-MAP:']],
  ['MPEG-TS under AES-128', 'ts-aes', { encrypt: true }, ['#EXT-X-KEY:METHOD=AES-128,']],
  [
    'fMP4 under AES-128',
    'fmp4-aes',
    { segments: 'fmp4', encrypt: true },
    ['#EXT-X-MAP:', '#EXT-X-KEY:METHOD=AES-128,'],
  ],
])('%s is played to its end in each rendition', async (_, dir, wish, tags) => {
  const { id, muxed } = await doneJob(dir, wish)
  const { page, complaints, open } = await visitNas()
  await open(id)
  expect(muxed.renditions.length).toBeGreaterThan(1)
  for (const { playlist, width, height } of muxed.renditions) {
    const text = readFileSync(join(controller.media, dir, 'clip.mp4.hls', playlist), 'utf8')
    for (const tag of tags) expect(text).toContain(tag)
    await page.getByRole('radio', { name: `${width} × ${height}` }).check()
    expect(await playToTheEnd(page)).toEqual({ width, height, isWhole: true })
  }
  expect(complaints).toEqual([])
  await page.context().close()
})

test('a video that was made anew is played as it is now, though its files have the same names', async () => {
  const ladder = { mode: 'explicit', renditions: [{ height: 360, kbps: 700 }] }
  const wish = { encrypt: true, onExists: 'replace', ladder }
  const { page, complaints, open } = await visitNas()
  for (const width of [640, 480]) {
    const { id } = await doneJob('anew', wish, `${width}x360`)
    await open(id)
    await page.getByRole('radio', { name: `${width} × 360` }).check()
    expect(await playToTheEnd(page)).toEqual({ width, height: 360, isWhole: true })
  }
  expect(complaints).toEqual([])
  await page.context().close()
})
