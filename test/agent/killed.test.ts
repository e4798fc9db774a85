import { readdirSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { agentHere, bundledAgent, ended } from './agent-here.ts'
import { makeClip, scratchDir } from './mux/mux-here.ts'
import { RealController, tokenOf } from './real-controller.ts'
import { watchPublished } from './watch-published.ts'

const bundle = bundledAgent()
const piFfmpeg = fileURLToPath(new URL('mux/pi-ffmpeg.js', import.meta.url))
/** All of its processes end with it at once, as when systemd kills the unit, or the plug is pulled. */
const alone = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** What the log says at each step; killed there, one after the other. */
const points = [
  /^claimed job/,
  /: probe$/,
  /: sound$/,
  /: first pass$/,
  /: renditions 180p$/,
  /: renditions 144p$/,
  /: renditions 108p$/,
  /: pictures$/,
  /: playlists$/,
  /: verify$/,
  /: publish$/,
  /: done$/,
  /^told: complete/,
]

test('killed at every step, the next starts finish the job and encode nothing finished again', async () => {
  const media = await scratchDir()
  const dir = await scratchDir()
  const videos = join(media, 'videos')
  await mkdir(videos)
  await makeClip(
    videos,
    `-f lavfi -i testsrc2=s=320x180:r=25:d=4 -f lavfi -i sine=d=4 -f lavfi -i sine=880:d=4
     -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -c:a aac in.mkv`,
  )
  const count = join(dir, 'count')
  // One stream at a time: then renditions end one after the other.
  await writeFile(
    join(dir, 'ffmpeg'),
    `#!/bin/sh\nPATH='${process.env.PATH}'
     case "$*" in *h264_v4l2m2m*)
       exec '${process.execPath}' '${piFfmpeg}' 'sessions=1,once,count=${count}' "$@" ;;
     esac
     exec ffmpeg "$@"\n`,
    { mode: 0o755 },
  )
  const controller = await RealController.open(dir, media)
  const agent = await agentHere({
    argv: [...alone, process.execPath, bundle.path],
    url: controller.url,
    token: tokenOf('7'),
    media,
    programs: dir,
  })
  const renditions = [
    { height: 180, kbps: 600 },
    { height: 144, kbps: 400 },
    { height: 108, kbps: 200 },
  ]
  const watched = watchPublished(videos, 'in.mkv.hls')
  const id = await controller.submit({
    path: 'videos/in.mkv',
    settings: { ladder: { mode: 'explicit', renditions } },
  })

  /** How often each rendition had been encoded when it was first seen finished. */
  const finished = new Map<string, number>()
  async function check(): Promise<void> {
    const lines = (await readFile(count, 'utf8').catch(() => '')).split('\n')
    const times = (name: string) => lines.filter((line) => line === `raw_${name}.ts`).length
    for (const [name, before] of finished) expect([name, times(name)]).toEqual([name, before])
    const [partial] = readdirSync(videos).filter((name) => name.endsWith('.partial'))
    const notes = partial === undefined ? [] : readdirSync(join(videos, partial, '.work'))
    for (const name of notes.filter((each) => /^\d+\.done$/.test(each)))
      finished.set(name.slice(0, -5), times(name.slice(0, -5)))
  }
  for (const point of points) {
    const from = agent.lines.length
    const child = agent.start()
    await agent.wrote(point, from)
    child.kill('SIGKILL')
    await ended(child)
    await check()
    // It was away for longer than its lease: the job goes round once more.
    if (point === points[0]) await controller.loseLease(id)
  }
  const { job, attempts } = await controller.story(id)
  expect(job).toMatchObject({ state: 'done', result: { encoder: 'h264_v4l2m2m', fallbacks: [] } })
  expect(attempts.map(({ outcome }) => outcome)).toEqual([
    ...['expired', 'failed', 'failed', 'failed', 'complete'],
  ])
  expect([...finished.keys()].sort()).toEqual(['200', '400', '600'])
  expect((await verifyHls(join(videos, 'in.mkv.hls'))).problems).toEqual([])
  watched.expectWhole()
  for (const place of [videos, join(videos, 'in.mkv.hls')])
    expect((await readdir(place)).filter((name) => name.startsWith('.'))).toEqual([])
  expect(await readdir(join(agent.state, 'scratch'))).toEqual([])
})
