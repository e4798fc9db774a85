import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { verifyHls } from '../../src/agent/hls/verify.ts'
import { bundledAgent, ended, farmHere } from './agent-here.ts'
import { claimedJob } from './machine/a-job.ts'
import { makeClip, scratchDir } from './mux/mux-here.ts'

/** The Node of Debian 12, where `node test/setup.js` puts it. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test')
const node18 = join(cache, 'node-18.20.8/bin/node')
const bundle = bundledAgent()
const run = (...args: string[]) => promisify(execFile)(node18, [bundle.path, ...args])

beforeAll(async () => {
  if (!existsSync(node18)) throw new Error(`there is no ${node18}: run node test/setup.js`)
  expect((await promisify(execFile)(node18, ['--version'])).stdout).toBe('v18.20.8\n')
})

test('by hand: it muxes, judges what it made, and tries what the machine can do', async () => {
  const dir = await scratchDir()
  await makeClip(
    dir,
    `-f lavfi -i testsrc2=s=320x180:r=25:d=3 -f lavfi -i sine=d=3 -f lavfi -i sine=880:d=3
     -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -c:a aac
     -metadata:s:a:0 language=ger -metadata:s:a:1 language=eng in.mkv`,
  )
  const output = join(dir, 'in.hls')
  await run('once', '--input', join(dir, 'in.mkv'), '--output', output, '--segments', 'fmp4')
  expect((await verifyHls(output)).problems).toEqual([])
  expect(JSON.parse((await run('verify', output, '--json')).stdout)).toMatchObject({ problems: [] })
  const { machine } = JSON.parse((await run('probe', '--json')).stdout)
  expect(machine.encoders).toMatchObject([{ name: 'libx264' }])
})

test('as a service: it sees its share among many mounts, takes a job, and stops when told', async () => {
  const mounts = 'for n in $(seq 100); do mount -t tmpfs tmpfs /mnt; done; exec "$@"'
  const argv = ['unshare', '--mount', 'sh', '-ec', mounts, 'sh', node18, bundle.path]
  const farm = await farmHere(argv)
  await farm.configure({ mountCommand: ['mount', '--bind', farm.media, farm.media] })
  farm.controller.queue.push(claimedJob(1))
  const child = farm.start()
  await farm.controller.until('a report', () => farm.controller.reports.length > 0)
  expect(farm.controller.reports).toMatchObject([{ kind: 'complete', job: '1' }])
  child.kill('SIGTERM')
  expect(await ended(child)).toBe(0)
})
