import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const hlsJs = fileURLToPath(import.meta.resolve('hls.js/dist/hls.min.js'))
const page = '<!doctype html><video muted></video><script src="/hls.min.js"></script>'

export interface Played {
  /** One a rendition: whether it came to its end, its size, and pictures decoded. */
  readonly levels: readonly {
    readonly ended: boolean
    readonly width: number
    readonly height: number
    readonly frames: number
  }[]
  readonly cues: readonly { readonly start: number; readonly text: string }[]
  readonly sounds: number
  readonly errors: readonly string[]
}

/** Debian's Chromium with hls.js, on the loopback alone. */
export async function openPlayer() {
  let served = ''
  const server = createServer((request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://x').pathname)
    if (name === '') return response.setHeader('content-type', 'text/html').end(page)
    const path = name === 'hls.min.js' ? hlsJs : join(served, name)
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end()
    createReadStream(path).pipe(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'],
  })
  return {
    /** Plays a directory from start to end once in each of its renditions. */
    async play(dir: string): Promise<Played> {
      served = dir
      const tab = await browser.newPage()
      try {
        await tab.goto(`http://127.0.0.1:${port}/`)
        return (await tab.evaluate(playAll)) as Played
      } finally {
        await tab.close()
      }
    },
    async close() {
      await browser.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

/**
 * Runs in the page; text, since it is no part of this program. Of sound in a group hls.js says once
 * that its first fragment made no progress, and plays all of it. Why is not known: it says nothing of
 * ffmpeg's own HLS, whose sound begins 23 ms before the picture.
 */
const playAll = `(async () => {
  const video = document.querySelector('video')
  const errors = []
  const levels = []
  const cues = new Map()
  let count = 1
  let sounds = 0
  for (let at = 0; at < count; at++) {
    const hls = new Hls({ startLevel: at, enableWorker: false, maxBufferLength: 60 })
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal || !/buffer(Stalled|Nudge|AppendNoProgress)/.test(data.details)) errors.push([data.details, data.frag?.type, data.frag?.sn, data.part, data.error?.message].join(' '))
    })
    let frames = 0
    const level = await new Promise((resolve) => {
      const done = (ended) => {
        const { videoWidth: width, videoHeight: height } = video
        frames = video.getVideoPlaybackQuality().totalVideoFrames
        resolve({ ended, width, height, frames })
      }
      hls.on(Hls.Events.MANIFEST_PARSED, (_, data) => {
        count = data.levels.length
        hls.loadLevel = at
        if (hls.subtitleTracks.length > 0) { hls.subtitleDisplay = true; hls.subtitleTrack = 0 }
        sounds = hls.audioTracks.length
        video.playbackRate = 8
        video.play()
      })
      video.onended = () => done(true)
      hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) done(false) })
      setTimeout(() => done(false), 40000)
      hls.loadSource('/manifest_master.m3u8')
      hls.attachMedia(video)
    })
    for (const track of video.textTracks)
      for (const cue of track.cues ?? []) cues.set(cue.startTime + cue.text, { start: cue.startTime, text: cue.text })
    levels.push(level)
    hls.destroy()
  }
  return { levels, cues: [...cues.values()], sounds, errors }
})()`
