import { type ChildProcess, execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { agentHere, bundledAgent, ended, mediaHere } from './agent-here.ts'
import { scratchDir } from './mux/mux-here.ts'
import { RealController, tokenOf } from './real-controller.ts'
import { watchPublished } from './watch-published.ts'

const bundle = bundledAgent()
const path = 'videos/in.mp4'
const isDone = ({ job }: { readonly job: { readonly state: string } }) => job.state === 'done'

/**
 * A farm whose agent has mounts of its own. `prepare` is a line of shell that runs in there before
 * it, with the media directory as $MEDIA and where the agent looks for it as $SHARE.
 */
async function farmWithMounts(prepare: string, options: { readonly programs?: string } = {}) {
  const media = await mediaHere()
  const dir = await scratchDir()
  const share = join(dir, 'share')
  await mkdir(share)
  const controller = await RealController.open(dir, media)
  const inside = `export MEDIA='${media}' SHARE='${share}'; ${prepare}; exec "$@"`
  const isolated = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
  const agent = await agentHere({
    argv: [...isolated, 'sh', '-c', inside, 'sh', process.execPath, bundle.path],
    url: controller.url,
    token: tokenOf('7'),
    media: share,
    ...options,
    config: {
      mountCommand: ['sh', '-c', `test -e '${dir}/there' && mount --bind '${media}' '${share}'`],
    },
  })
  return { media, dir, share, controller, agent, there: join(dir, 'there') }
}

/** What runs inside the namespaces that `unshare` made. */
function insideOf(unshare: ChildProcess): string {
  const { pid } = unshare
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
}

/** An ffmpeg that runs a line of shell before it makes renditions, and a file of its own that stands. */
async function whileFlagged(line: string) {
  const programs = await scratchDir()
  const flag = join(programs, 'flag')
  writeFileSync(flag, '')
  writeFileSync(
    join(programs, 'ffmpeg'),
    `#!/bin/sh\nPATH='${process.env.PATH}' FLAG='${flag}'
     case "$*" in *hls_time*) ${line};; esac
     exec ffmpeg "$@"\n`,
    { mode: 0o755 },
  )
  return { programs, flag }
}

test('the share goes away in the middle: the job is given back, and done when it is back', async () => {
  // A quick machine would be done with four seconds of video before the share is away.
  const { programs, flag: waits } = await whileFlagged('while test -e "$FLAG"; do sleep 0.1; done')
  const { media, share, controller, agent, there } = await farmWithMounts('true', { programs })
  writeFileSync(there, '')
  const watched = watchPublished(join(media, 'videos'), 'in.mp4.hls')
  const child = agent.start()
  const id = await controller.submit({ path })
  await agent.wrote(/: sound$/)
  rmSync(there)
  const unmount = () =>
    execFileSync('nsenter', [
      '--target',
      insideOf(child),
      '--mount',
      '--pid',
      'umount',
      '--lazy',
      share,
    ])
  unmount()
  const given = await controller.untilTried(id)
  expect(given.attempts[0]).toMatchObject({
    outcome: 'released',
    // Whoever sees it first says so: the next look, or a program that finds nothing there.
    detail: expect.stringMatching(/is not mounted|went away/),
  })
  await agent.wrote(/^claims nothing: .*is not mounted/)
  watched.expectNothing()
  await expect
    .poll(() => controller.muxers(), { timeout: 20_000 })
    .toMatchObject([{ state: { trouble: expect.stringContaining('is not mounted') } }])

  // Back, and lost once more; this time it is there again before anybody looks.
  writeFileSync(there, '')
  await agent.wrote(/: sound$/, agent.lines.length)
  unmount()
  rmSync(waits)
  const { attempts } = await controller.until(id, 'done', isDone)
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['released', 'released', 'complete'])
  expect(attempts[1]?.detail).toMatch(/mounted anew|went away/)
  expect((await verifyHls(join(media, 'videos/in.mp4.hls'))).problems).toEqual([])
  watched.expectWhole()
})

test('the disk is full in the middle: it says so, nothing is published, and with room it is done', async () => {
  // Somebody else's copy takes all the room as soon as renditions are written.
  const { programs, flag: fills } = await whileFlagged(
    'test -e "$FLAG" && cat /dev/zero > "$SHARE/filler" 2> /dev/null',
  )
  const { controller, agent, share } = await farmWithMounts(
    'mount -t tmpfs -o size=20m tmpfs "$SHARE"; cp -a "$MEDIA/." "$SHARE"',
    { programs },
  )
  const child = agent.start()
  const id = await controller.submit({ path })
  const failed = await controller.untilTried(id)
  const shared = join('/proc', insideOf(child), 'root', share)
  expect(readdirSync(join(shared, 'videos')).filter((name) => !name.startsWith('.'))).toEqual([
    'in.mp4',
  ])
  expect(failed.attempts[0]).toMatchObject({ outcome: 'failed', reason: 'DiskFull' })
  rmSync(fills)
  rmSync(join(shared, 'filler'))
  await controller.until(id, 'done', isDone)
  const copy = join(await scratchDir(), 'in.mp4.hls')
  cpSync(join(shared, 'videos/in.mp4.hls'), copy, { recursive: true })
  expect((await verifyHls(copy)).problems).toEqual([])
})

test('the controller is away when the job ends, and the agent is killed: it hears of it all the same', async () => {
  const media = await mediaHere()
  const controller = await RealController.open(await scratchDir(), media)
  const agent = await agentHere({
    argv: [process.execPath, bundle.path],
    url: controller.url,
    token: tokenOf('7'),
    media,
    config: { stableSeconds: 1 },
  })
  const first = agent.start()
  const id = await controller.submit({ path })
  await agent.wrote(/^claimed job/)
  await controller.leave()
  await agent.wrote(/^complete of job 1 is kept for later/)
  first.kill('SIGKILL')
  await ended(first)
  const from = agent.lines.length
  agent.start()
  await agent.wrote(/^complete of job 1 is kept for later/, from)
  await controller.come()
  const { attempts } = await controller.until(id, 'done', isDone)
  expect(attempts).toMatchObject([{ attempt: 1, outcome: 'complete' }])
})

test('an agent that slept through its lease publishes nothing, and takes nothing from who has the job', async () => {
  const media = await mediaHere()
  const controller = await RealController.open(await scratchDir(), media)
  const muxer = (muxid: string) =>
    agentHere({
      argv: [process.execPath, bundle.path],
      url: controller.url,
      token: tokenOf(muxid),
      media,
      muxid,
    })
  const [slow, quick] = [await muxer('7'), await muxer('8')]
  const watched = watchPublished(join(media, 'videos'), 'in.mp4.hls')
  const child = slow.start()
  const id = await controller.submit({ path })
  await slow.wrote(/: sound$/)
  const all = [child.pid ?? 0, ...childrenOf(child.pid ?? 0)]
  for (const pid of all) process.kill(pid, 'SIGSTOP')
  await controller.loseLease(id)
  quick.start()
  await quick.wrote(/: sound$/)
  for (const pid of all) process.kill(pid, 'SIGCONT')
  const { attempts } = await controller.until(id, 'done', isDone)
  expect(attempts).toMatchObject([
    { muxer: '7', outcome: 'expired' },
    { muxer: '8', outcome: 'complete' },
  ])
  await slow.wrote(/^stops job 1: the lease is lost|dropped: status 409/)
  expect((await verifyHls(join(media, 'videos/in.mp4.hls'))).problems).toEqual([])
  watched.expectWhole()
})

/** All that a process has started, and what these have. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  const own = text
    .split(' ')
    .filter((each) => each.trim() !== '')
    .map(Number)
  return [...own, ...own.flatMap(childrenOf)]
}
