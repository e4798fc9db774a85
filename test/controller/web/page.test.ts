import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  type RunningController,
  startController,
} from '../../../src/controller/start-controller.ts'
import type { Claimed } from '../../../src/protocol/agent-api.ts'
import type { MuxResult } from '../../../src/protocol/job.ts'
import { makeClip, muxHere } from '../../agent/mux/mux-here.ts'
import { type ControllerHere, controllerHere } from '../controller-here.ts'
import { playedAgent } from '../played-agent.ts'
import { expectAccessible, openBrowser, playToTheEnd, type Visit, visit } from './browser.ts'

const hostile = '<img src=x onerror=alert(1)> "&amp;\' #%2F.mp4'
const made = mkdtempSync(join(tmpdir(), 'pifarm-made-'))
let controller: ControllerHere
let restarted: RunningController | undefined
let browser: Browser
let muxed: MuxResult
let visits: Visit[] = []

beforeAll(async () => {
  controller = await controllerHere()
  const films = join(controller.media, 'films')
  mkdirSync(films)
  mkdirSync(join(made, 'films'))
  await makeClip(
    join(made, 'films'),
    `-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=330 -t 2.5
     -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac clip.mp4`,
  )
  const { outcome } = await muxHere(join(made, 'films'), {
    input: 'clip.mp4',
    order: { mediaDir: made },
  })
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  muxed = outcome.result
  for (const name of ['clip.mp4', 'broken.mkv', 'long.mp4', 'notes.txt', hostile])
    writeFileSync(join(films, name), 'no video')
  browser = await openBrowser()
})
afterEach(async () => {
  for (const { page, complaints } of visits) {
    expect(complaints).toEqual([])
    await page.context().close()
  }
  visits = []
})
afterAll(async () => {
  await browser?.close()
  await restarted?.stop()
  await controller?.remove()
  rmSync(made, { recursive: true })
})

async function visitHere(options = {}): Promise<Page> {
  const visited = await visit(browser, controller.address, options)
  visits.push(visited)
  return visited.page
}
const open = (page: Page, view: string): Promise<unknown> =>
  page.goto(`${controller.address}/#/${view}`)
const submit = async (path: string): Promise<string> =>
  (await controller.ask('POST', '/v1/jobs', { path, priority: 99 })).json.id
const pi = (page: Page, name: string) => page.getByRole('listitem').filter({ hasText: name })

test('a video is submitted, made before one’s eyes, and played to its end in each rendition', async () => {
  const page = await visitHere()
  await page.getByText('No Pi has come yet').waitFor()
  const agent = playedAgent(controller, '1')
  await agent.register()
  await pi(page, 'HLSPi1').getByText('Idle').waitFor()

  await page.getByRole('link', { name: 'Submit a video' }).first().click()
  await page.getByRole('link', { name: 'films' }).click()
  await page.getByRole('radio', { name: 'clip.mp4' }).check()
  expect(await page.getByText('notes.txt').count()).toBe(0)
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.getByRole('heading', { level: 1, name: 'films/clip.mp4' }).waitFor()
  await page.getByText('No Pi has taken it yet').waitFor()

  const claimed: Claimed = (await agent.claim()).json
  await page.getByText('just begun').waitFor()
  const bar = page.getByRole('progressbar', { name: 'Progress of films/clip.mp4' })
  for (const percent of [12, 57, 98]) {
    await agent.heartbeat(claimed, { percent })
    await page.getByText(`${percent} %`).waitFor()
    expect(await bar.getAttribute('value')).toBe(String(percent))
  }
  renameSync(join(made, 'films/clip.mp4.hls'), join(controller.media, 'films/clip.mp4.hls'))
  const argv = ['ffmpeg', '-i', '/media/films/clip.mp4', '-c:v', 'libx264', '-f', 'hls']
  await agent.complete(claimed, muxed, { argv })
  await page.getByRole('status').getByText('films/clip.mp4 is done').waitFor()
  await page.getByText('ffmpeg line').click()
  await page.getByText(argv.join(' ')).waitFor()

  expect(muxed.renditions.length).toBeGreaterThan(1)
  for (const { width, height } of muxed.renditions) {
    await page.getByRole('radio', { name: `${width} × ${height}` }).check()
    expect(await playToTheEnd(page)).toEqual({ width, height, isWhole: true })
  }
  await page.getByRole('radio', { name: 'Automatic' }).check()
  expect(await playToTheEnd(page)).toMatchObject({ isWhole: true })
})

test('the farm at a glance: what a Pi does, how far it is and how fast, and how it is', async () => {
  const agent = playedAgent(controller, '7')
  await agent.register({ hostname: 'HLSPi7' })
  const page = await visitHere()
  const id = await submit('films/long.mp4')
  const claimed: Claimed = (await agent.claim()).json
  const said = { step: 'renditions', percent: 57, fps: 23.4, speed: 0.94, encoder: 'h264_v4l2m2m' }
  await agent.heartbeat(claimed, said, { celsius: 63, throttled: true })
  const card = pi(page, 'HLSPi7')
  for (const words of ['Working', '57 %', 'renditions', '23.4', '0.94 ×', 'h264_v4l2m2m', '63 °C'])
    await card.getByText(words).first().waitFor()
  await card.getByText('Throttled: too hot, or too little power').waitFor()
  await card.getByText(/^\d+ s ago$/).waitFor()
  await card.getByRole('link', { name: 'films/long.mp4' }).click()
  await page.getByRole('heading', { level: 1, name: 'films/long.mp4' }).waitFor()
  expect(page.url()).toContain(`#/jobs/${id}`)
  await agent.release(claimed)
  await controller.ask('POST', `/v1/jobs/${id}/cancel`, {})
})

test('a Pi is drained and resumed by the keyboard, which stays where it is', async () => {
  const agent = playedAgent(controller, '2')
  await agent.register({ hostname: 'HLSPi2' })
  const page = await visitHere()
  await page.getByRole('button', { name: 'Drain HLSPi2' }).focus()
  await page.keyboard.press('Enter')
  await pi(page, 'HLSPi2').getByText('Drained').waitFor()
  expect((await agent.claim()).status).toBe(423)
  await page.locator('button:focus', { hasText: 'Resume' }).waitFor()
  await page.keyboard.press('Enter')
  await pi(page, 'HLSPi2').getByText('Idle').waitFor()
  expect((await agent.claim(0)).status).toBe(204)
  const trouble = 'the media share is away'
  await agent.claim(0, { trouble, celsius: 81 })
  await pi(page, 'HLSPi2').getByText(`Trouble: ${trouble}`).waitFor()
  await pi(page, 'HLSPi2').getByText('81 °C').waitFor()
  await agent.claim(0, { locked: 'the fan is loud' })
  await pi(page, 'HLSPi2').getByText('Locked: the fan is loud').waitFor()
})

test('a job’s story is told to the letter; it is retried, and taken back while it runs', async () => {
  const agent = playedAgent(controller, '3')
  await agent.register({ hostname: 'HLSPi3' })
  const id = await submit('films/broken.mkv')
  const page = await visitHere()
  await open(page, `jobs/${id}`)
  const logTail = '<script>alert(1)</script>\n[in#0] Invalid data'
  const argv = ['ffmpeg', '-i', "/media/films/it's broken.mkv", '-vf', 'yadif,scale=1280:720']
  await agent.fail((await agent.claim()).json, { argv, logTail })
  await page.getByText('ffmpeg line').click()
  await page
    .getByText("ffmpeg -i '/media/films/it'\\''s broken.mkv' -vf yadif,scale=1280:720")
    .waitFor()
  await page.getByText('End of the log').click()
  await page.getByText(logTail).waitFor()

  await page.getByRole('button', { name: 'Retry' }).click()
  await page.getByText('Waiting', { exact: true }).waitFor()
  const claimed: Claimed = (await agent.claim()).json
  await page.getByRole('heading', { name: 'Attempt 2 on muxer 3' }).waitFor()
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Let it go on' }).click()
  expect((await agent.heartbeat(claimed)).json.cancel).toBe(false)
  await page.getByRole('button', { name: 'Cancel' }).click()
  await page.getByRole('button', { name: 'Cancel the job' }).click()
  await page.getByText('Its Pi stops at its next sign of life').waitFor()
  expect((await agent.heartbeat(claimed)).json.cancel).toBe(true)
  await agent.release(claimed)
  await page.getByRole('button', { name: 'Retry' }).waitFor()
})

test('what ended is plotted: as bars, as a sentence, as a table', async () => {
  const agent = playedAgent(controller, '6')
  await agent.register({ hostname: 'HLSPi6' })
  const page = await visitHere()
  const plot = page.getByRole('img', { name: /^Bars for the last 24 hours: / })
  await plot.waitFor()
  const bars = (kind: string) =>
    plot.locator(`rect.${kind}:not([height="0"])`).evaluateAll((all: unknown[]) => all.length)
  const counted = async () => {
    const [, done, failed] =
      /: (\d+) jobs? done, (\d+) failed/.exec((await plot.getAttribute('aria-label')) ?? '') ?? []
    return { done: Number(done), failed: Number(failed) }
  }
  const before = await counted()
  for (const end of [agent.complete, agent.fail]) {
    await submit('films/long.mp4')
    await end((await agent.claim()).json)
  }
  const now = { done: before.done + 1, failed: before.failed + 1 }
  await page
    .getByRole('img', { name: new RegExp(`: ${now.done} jobs? done, ${now.failed} failed`) })
    .waitFor()
  expect(await bars('done')).toBeGreaterThan(0)
  expect(await bars('failed')).toBeGreaterThan(0)
  await page.getByText('As a table').click()
  const row = page.getByRole('region', { name: 'Throughput as a table' }).getByRole('row').nth(1)
  expect(await row.getByRole('cell').first().textContent()).toMatch(/^[1-9]/)
  await page.getByText('7 days').click()
  await page.getByRole('img', { name: /^Bars for the last 168 hours: / }).waitFor()
})

test('names are shown as they are, whatever they are', async () => {
  const page = await visitHere()
  await open(page, 'submit?dir=films')
  await page.getByRole('radio', { name: hostile }).check()
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.getByRole('heading', { level: 1, name: `films/${hostile}` }).waitFor()
  await open(page, `jobs?${new URLSearchParams({ q: hostile })}`)
  await page.getByRole('link', { name: `films/${hostile}` }).waitFor()
  expect(await page.locator('main img').count()).toBe(0)
  await open(page, 'submit?dir=../..')
  await page.getByRole('alert').getByText('stays inside the media directory').waitFor()
  await open(page, 'jobs/999999')
  await page.getByRole('alert').getByText('999999').waitFor()
})

test('a video that is in the queue already: what of the second wish is not taken over', async () => {
  const id = await submit('films/long.mp4')
  const page = await visitHere()
  await open(page, 'submit?dir=films')
  await page.getByRole('radio', { name: 'long.mp4' }).check()
  await page.getByRole('checkbox', { name: 'Encrypt the segments' }).check()
  await page.getByRole('button', { name: 'Submit' }).click()
  const told = `films/long.mp4 was job ${id} already; it keeps its own: priority, encryption`
  await page.getByRole('status').getByText(told).waitFor()
  await controller.ask('POST', `/v1/jobs/${id}/cancel`, {})
})

test('a video that has HLS is refused unless it is to be replaced', async () => {
  const page = await visitHere()
  await open(page, 'submit?dir=films')
  await page.getByRole('radio', { name: 'clip.mp4 has HLS' }).check()
  await page.getByText('There is HLS of this file').waitFor()
  await page.getByRole('button', { name: 'Submit' }).click()
  const told = page.getByRole('alert').filter({ hasText: 'has HLS already' })
  expect(await told.textContent()).toBe(
    '"films/clip.mp4" has HLS already. To make it anew, tick “Replace HLS that is there already”.',
  )
  await page.getByRole('checkbox', { name: 'Replace HLS that is there already' }).check()
  await page.getByRole('button', { name: 'Submit' }).click()
  await page.getByRole('heading', { level: 1, name: 'films/clip.mp4' }).waitFor()
  const [job] = (await controller.ask('GET', '/v1/jobs?q=clip')).json.jobs
  expect(job.settings.onExists).toBe('replace')
  await controller.ask('POST', `/v1/jobs/${job.id}/cancel`, {})
})

const devices = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true },
} as const

test.each(Object.entries(devices))('nothing keeps anybody out: %s', async (_, device) => {
  const capabilities = { encoders: ['libx264'], decoders: [], troubles: ['no /dev/video11'] }
  const hostname = `HLSPi4-${'long'.repeat(20)}`
  await playedAgent(controller, '4').register({ hostname, capabilities })
  await playedAgent(controller, '5').register({ hostname: 'pc', model: '', capabilities })
  const { jobs } = (await controller.ask('GET', '/v1/jobs?q=clip&state=done')).json
  const broken = (await controller.ask('GET', '/v1/jobs?q=broken')).json.jobs[0]
  await submit('films/long.mp4')
  const page = await visitHere(device)
  const views = ['', 'jobs', 'submit?dir=films', `jobs/${jobs[0].id}`, `jobs/${broken.id}`]
  for (const view of views) {
    await open(page, view)
    await page.locator('.card, .row').first().waitFor()
    if (view === '')
      // A PC has none of a Pi's encoders: of that it is not warned.
      for (const place of ['.notes', 'details'])
        expect(await page.locator(place).getByText('no /dev/video11').count()).toBe(1)
    for (const details of await page.locator('summary').all()) await details.click()
    await expectAccessible(page)
    expect(await page.evaluate(tooWide)).toEqual([])
  }
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByLabel('Admin token').fill('wrong')
  await page.keyboard.press('Enter')
  const alert = page.getByRole('alert')
  await alert.getByText('This token is not known').waitFor()
  expect(await alert.textContent()).toMatch(/Is it that of this controller\?$/)
  await expectAccessible(page)
})

test('a restart of the controller is survived', async () => {
  const agent = playedAgent(controller, '5')
  const page = await visitHere()
  await page.evaluate('window.isSamePage = true')
  await controller.stop()
  await page.getByRole('alert').getByText('Connection lost').waitFor()
  const port = Number(new URL(controller.address).port)
  restarted = await startController({ ...controller.options, port })
  await page.getByRole('alert').getByText('Connection lost').waitFor({ state: 'detached' })
  await agent.register({ hostname: 'HLSPi5' })
  await pi(page, 'HLSPi5').getByText('Idle').waitFor()
  expect(await page.evaluate('window.isSamePage')).toBe(true)
})

/** Runs in the page; text, since it is no part of this program. What reaches out of the window. */
const tooWide = `[...document.querySelectorAll('body *')]
  .filter((element) => element.checkVisibility() && element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.outerHTML.slice(0, 120))`
