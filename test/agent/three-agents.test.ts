import { type ChildProcess, spawn } from 'node:child_process'
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { type AgentHere, agentHere, bundledAgent, ended } from './agent-here.ts'
import { makeClip, scratchDir } from './mux/mux-here.ts'
import { adminToken, RealController, tokenOf } from './real-controller.ts'

const bundle = bundledAgent()
const pifarm = fileURLToPath(new URL('../../bin/pifarm.js', import.meta.url))
/** ffmpeg ends with its agent, as when the plug of a Pi is pulled. */
const alone = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
const videos = Array.from({ length: 30 }, (_, index) => `v${index + 1}.mp4`)

/** A media directory with thirty short videos. */
async function mediaWithVideos(): Promise<string> {
  const media = await scratchDir()
  await mkdir(join(media, 'films'))
  await makeClip(
    media,
    `-f lavfi -i testsrc2=s=160x120:r=25:d=1 -f lavfi -i sine=d=1
     -c:v libx264 -preset ultrafast -c:a aac clip.mp4`,
  )
  for (const name of videos) await copyFile(join(media, 'clip.mp4'), join(media, 'films', name))
  return media
}

/** The program itself, as a person starts it. */
function startPifarm(argv: readonly string[]) {
  const child = spawn(process.execPath, [pifarm, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => lines.push(line))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, lines }
}

/** Kills an agent that is in the middle of its second job; answers with which job that was. */
async function killAtWork(agent: AgentHere, child: ChildProcess) {
  await agent.wrote(/^told: complete/)
  const from = agent.lines.length
  await agent.wrote(/: renditions /, from)
  child.kill('SIGKILL')
  await ended(child)
  const claimed = agent.lines.findLast((line) => line.startsWith('claimed job'))
  return /^claimed job (\d+)/.exec(claimed ?? '')?.[1]
}

test('three agents share a queue of thirty; one that is killed in the middle costs one retry', async () => {
  const media = await mediaWithVideos()
  const dir = await scratchDir()
  const controller = await RealController.open(dir, media, { leaseSeconds: 15 })
  const start = async (muxid: string) => {
    const agent = await agentHere({
      argv: [...alone, process.execPath, bundle.path],
      url: controller.url,
      token: tokenOf(muxid),
      media,
      muxid,
    })
    const child = agent.start()
    await agent.wrote(/^registered as muxer/)
    return { agent, child }
  }
  const [, victim] = await Promise.all([start('7'), start('8'), start('9')])

  await writeFile(join(dir, 'token'), adminToken, { mode: 0o600 })
  const files = videos.map((name) => join(media, 'films', name))
  const where = ['--controller', controller.url, '--token-file', join(dir, 'token')]
  const cli = startPifarm(['jobs', 'submit', '--wait', ...files, '--media', media, ...where])
  const lost = await killAtWork(victim.agent, victim.child)

  expect(await ended(cli.child), cli.lines.join('\n')).toBe(0)
  expect(cli.lines.filter((line) => line.endsWith(': done'))).toHaveLength(videos.length)
  const stories = await Promise.all(videos.map((_, index) => controller.story(String(index + 1))))
  const retried = stories.filter(({ attempts }) => attempts.length > 1)
  expect(retried.map(({ job }) => job.id)).toEqual([lost])
  expect(retried[0]?.attempts).toMatchObject([
    { muxer: '8', outcome: 'expired' },
    { outcome: 'complete' },
  ])
  for (const { job } of stories) {
    expect(job.state).toBe('done')
    expect((await verifyHls(join(media, `${job.path}.hls`))).problems).toEqual([])
  }
  const workers = stories.map(({ attempts }) => attempts.at(-1)?.muxer)
  expect([...new Set(workers)].sort()).toEqual(['7', '8', '9'])
  const left = await readdir(join(media, 'films'))
  expect(left.sort()).toEqual(videos.flatMap((name) => [name, `${name}.hls`]).sort())
})
