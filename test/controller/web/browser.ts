import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { adminToken } from '../controller-here.ts'

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** The loopback as any host of a network: a page from there by HTTP may do less than one from 127.0.0.1. */
export const nas = 'nas.farm'

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--autoplay-policy=no-user-gesture-required',
      `--host-resolver-rules=MAP ${nas} 127.0.0.1`,
    ],
  })
}

export interface Visit {
  readonly page: Page
  /** What the browser complained of, and whatever it asked of another server. */
  readonly complaints: readonly string[]
}

/** A person who has signed in. What the controller refuses, or that it is away, is no complaint. */
export async function visit(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options })
  // Only against what never comes: the machine may be busy.
  context.setDefaultTimeout(120_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(message))
  page.on('console', (said) => {
    if (said.type() === 'error' && !/Failed to load resource/.test(said.text()))
      complaints.push(said.text())
  })
  page.on('request', (request) => {
    const { origin } = new URL(request.url())
    if (origin !== address && !request.url().startsWith('blob:')) complaints.push(request.url())
  })
  await page.goto(address)
  await page.getByLabel('Admin token').fill(adminToken)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('heading', { level: 1, name: 'Farm' }).waitFor()
  return { page, complaints }
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
  }[]
}

/** axe finds nothing serious in what is shown now. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(axe)
  const { violations } = (await page.evaluate('axe.run(document)')) as AxeResults
  const serious = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`).join('\n')}`,
    )
  expect(serious).toEqual([])
}

/** Runs in the page; text, since it is no part of this program. */
const play = `(async () => {
  const video = document.querySelector('video')
  video.muted = true
  video.playbackRate = 2
  video.currentTime = 0
  await new Promise((resolve, reject) => {
    video.onended = resolve
    const stands = () => [video.currentTime, video.readyState, video.paused, video.buffered.length, video.videoHeight]
    setTimeout(() => reject(new Error('it does not end: ' + stands())), 120000)
    video.play().catch(reject)
  })
  const { videoWidth: width, videoHeight: height, currentTime, duration } = video
  return { width, height, isWhole: Math.abs(currentTime - duration) < 0.2 }
})()`

/** Plays what the page's player has from its start to its end. */
export function playToTheEnd(page: Page): Promise<unknown> {
  return page.evaluate(play)
}
