import { createHash } from 'node:crypto'
import { readdirSync, renameSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { expect, test } from 'vitest'
import { verifyHls } from '../../../src/agent/hls/verify.ts'
import type { EncoderAbility } from '../../../src/agent/mux/mux-order.ts'
import { readMuxRecord } from '../../../src/agent/mux/mux-record.ts'
import { muxSettings } from '../../../src/protocol/job.ts'
import { makeClip, muxHere, scratchDir, x264 } from './mux-here.ts'

const muxChild = fileURLToPath(new URL('mux-child.ts', import.meta.url))
const piFfmpeg = fileURLToPath(new URL('pi-ffmpeg.js', import.meta.url))
/** One stream at a time: then renditions end one after the other. */
const pi: EncoderAbility = {
  ...x264,
  name: 'h264_v4l2m2m',
  hardware: true,
  widthGrid: 64,
  maxSide: 1920,
  sessions: 1,
}
const machine = { ffmpeg: 'pi', encoders: [pi], decoders: [], troubles: [] }
const settings = muxSettings.parse({
  ladder: {
    mode: 'explicit',
    renditions: [
      { height: 360, kbps: 900 },
      { height: 252, kbps: 400 },
      { height: 180, kbps: 200 },
    ],
  },
})

test('killed at every step, the next attempts go on and encode nothing finished again', async () => {
  const dir = await scratchDir()
  await makeClip(
    dir,
    `-f lavfi -i testsrc2=s=640x360:r=25:d=6 -f lavfi -i sine=d=6 -f lavfi -i sine=880:d=6
     -map 0 -map 1 -map 2 -c:v libx264 -preset ultrafast -c:a aac in.mkv`,
  )
  await mkdir(join(dir, 'scratch'))
  const output = join(dir, 'in.mkv.hls')
  const order = {
    jobId: 'job1',
    input: join(dir, 'in.mkv'),
    output,
    mediaDir: dir,
    scratch: join(dir, 'scratch'),
    settings,
    machine,
  }
  const count = join(dir, 'count')
  const ffmpeg = [process.execPath, piFfmpeg, `sessions=1,once,count=${count}`]
  const killed: string[] = []
  /** How often each rendition had been encoded when it was first seen finished. */
  const finished = new Map<string, number>()
  async function check(): Promise<void> {
    const lines = (await readFile(count, 'utf8').catch(() => '')).split('\n')
    const times = (id: string) => lines.filter((line) => line === `raw_${id}.ts`).length
    for (const [id, before] of finished) expect([id, times(id)]).toEqual([id, before])
    const [partial] = readdirSync(dir).filter((name) => name.endsWith('.partial'))
    const notes = partial === undefined ? [] : readdirSync(join(dir, partial, '.work'))
    for (const note of notes.filter((name) => name.endsWith('.done')))
      if (/^\d+\./.test(note)) finished.set(note.slice(0, -5), times(note.slice(0, -5)))
  }
  const steps = [
    /^probe/,
    /^sound/,
    /^first pass/,
    /^renditions 360p/,
    /^renditions 252p/,
    /^renditions 180p/,
    /^pictures/,
    /^playlists/,
    /^verify/,
    /^publish/,
  ]
  for (const step of steps) {
    const child = execa(
      process.execPath,
      ['--import', 'tsx', muxChild, JSON.stringify({ order, ffmpeg })],
      { reject: false, buffer: false },
    )
    for await (const line of createInterface({ input: child.stdout })) {
      if (!step.test(line) && !line.startsWith('outcome')) continue
      killed.push(line.split(' ')[0] ?? '')
      child.kill('SIGKILL')
      break
    }
    await child
    await check()
    // Nothing is visible, or else it is whole: the kill came after the rename.
    if (await stat(output).catch(() => undefined))
      expect((await verifyHls(output)).problems).toEqual([])
  }
  expect(killed.slice(0, 9)).toEqual([
    ...['probe', 'sound', 'first', 'renditions', 'renditions', 'renditions'],
    ...['pictures', 'playlists', 'verify'],
  ])

  const { outcome } = await muxHere(dir, { input: 'in.mkv', order, tools: { ffmpeg } })

  expect(outcome).toMatchObject({
    kind: 'done',
    result: { encoder: 'h264_v4l2m2m', fallbacks: [] },
  })
  expect((await verifyHls(output)).problems).toEqual([])
  await check()
  expect([...finished.keys()].sort()).toEqual(['200', '400', '900'])
  expect((await readdir(dir)).filter((name) => name.startsWith('.'))).toEqual([])
  expect((await readdir(output)).filter((name) => name.startsWith('.'))).toEqual([])
  expect(await readdir(order.scratch)).toEqual([])
}, 240_000)

test('killed after it was published and before it could say so: the result is there at once', async () => {
  const dir = await scratchDir()
  await makeClip(dir, '-f lavfi -i sine=d=3 -c:a aac in.m4a')
  const first = await muxHere(dir, { input: 'in.m4a' })
  const again = await muxHere(dir, { input: 'in.m4a' })
  expect(again.outcome).toEqual(first.outcome)
  expect(again.lines).toEqual([])
})

test('another job for the same video fails, replaces, or leaves what was there', async () => {
  const dir = await scratchDir()
  await makeClip(dir, '-f lavfi -i sine=d=3 -c:a aac in.m4a')
  const { output } = await muxHere(dir, { input: 'in.m4a' })
  await writeFile(join(output, 'mine'), '')

  const refused = await muxHere(dir, { input: 'in.m4a', order: { jobId: 'job2' } })
  expect(refused.outcome).toMatchObject({ reason: 'DirectoryExists', retryable: false })

  const replace = muxSettings.parse({ onExists: 'replace' })
  const replaced = await muxHere(dir, {
    input: 'in.m4a',
    order: { jobId: 'job2', settings: replace },
  })
  expect(replaced.outcome.kind).toBe('done')
  expect(await readdir(output)).not.toContain('mine')
  expect((await readMuxRecord(output))?.jobId).toBe('job2')

  // Killed between the two renames: what was there is back before anything else is done.
  const aside = `.pifarm-${createHash('sha256').update('in.m4a.hls').digest('hex').slice(0, 12)}.replaced`
  await rename(output, join(dir, aside))
  const back = await muxHere(dir, { input: 'in.m4a', order: { jobId: 'job3' } })
  expect(back.outcome).toMatchObject({ reason: 'DirectoryExists' })
  expect((await readdir(dir)).sort()).toEqual(['in.m4a', 'in.m4a.hls', 'scratch'])
})

test('an attempt whose job was taken over publishes nothing', async () => {
  const dir = await scratchDir()
  await makeClip(dir, '-f lavfi -i sine=d=3 -c:a aac in.m4a')
  let taken = false
  const stale = await muxHere(dir, {
    input: 'in.m4a',
    tools: {
      onProgress: ({ step }) => {
        if (step !== 'playlists' || taken) return
        taken = true
        // As the next holder of the lease does first of all.
        const [name = ''] = readdirSync(dir).filter((each) => each.endsWith('.partial'))
        renameSync(join(dir, name), join(dir, name.replace(/-\w+\.partial/, '-taken.partial')))
      },
    },
  })
  expect(stale.outcome.kind).toBe('failed')
  expect(await stat(join(dir, 'in.m4a.hls')).catch(() => undefined)).toBeUndefined()
  const next = await muxHere(dir, { input: 'in.m4a' })
  expect(next.outcome.kind).toBe('done')
})
