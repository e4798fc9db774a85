import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { verifyHls } from '../../../src/agent/hls/verify.ts'
import type { EncoderAbility } from '../../../src/agent/mux/mux-order.ts'
import { muxSettings } from '../../../src/protocol/job.ts'
import { keptDir, makeClip, muxHere, scratchDir } from './mux-here.ts'
import { x264 } from './x264.ts'

const piFfmpeg = fileURLToPath(new URL('pi-ffmpeg.js', import.meta.url))
const kept = keptDir()
const pi: EncoderAbility = {
  ...x264,
  name: 'h264_v4l2m2m',
  hardware: true,
  widthGrid: 64,
  maxSide: 1920,
  sessions: 4,
}

beforeAll(() =>
  makeClip(
    kept.path,
    `-f lavfi -i testsrc2=s=320x180:r=25:d=8 -f lavfi -i sine=d=8 -c:v mpeg2video -b:v 2M
     -flags +ilme+ildct -top 1 -c:a mp2 -f mpegts in.ts`,
  ),
)

const settings = muxSettings.parse({
  ladder: {
    mode: 'explicit',
    renditions: [
      { height: 180, kbps: 400 },
      { height: 108, kbps: 200 },
    ],
  },
})
let jobs = 0

const firstPass = /^run: .* \S+\/first-pass\.ts$/

test.each([
  ['progressive MPEG-2', '', false],
  ['what has to be deinterlaced', '-flags +ilme+ildct -top 1', true],
])('one stream at a time, of %s', async (_, flags, isMade) => {
  const dir = await scratchDir()
  await makeClip(
    dir,
    `-f lavfi -i testsrc2=s=320x180:r=25:d=4 -c:v mpeg2video -b:v 2M ${flags} -f mpegts in.ts`,
  )
  const encoders = [{ ...pi, sessions: 1 }]
  const { outcome, lines } = await muxHere(dir, {
    input: 'in.ts',
    order: { settings, machine: { ffmpeg: 'pi', encoders, decoders: [], troubles: [] } },
    tools: { ffmpeg: [process.execPath, piFfmpeg, 'sessions=1'] },
  })
  expect(outcome.kind).toBe('done')
  expect(lines.some((line) => firstPass.test(line))).toBe(isMade)
})

/** What the probe found yesterday may not hold today. */
async function muxWith(
  behaviour: string,
  ability: Partial<EncoderAbility> = {},
  encoders = [x264],
) {
  const jobId = `job${++jobs}`
  const output = join(kept.path, `${jobId}.hls`)
  const machine = {
    ffmpeg: 'pi',
    encoders: [{ ...pi, ...ability }, ...encoders],
    decoders: behaviour.includes('mpeg2') ? [{ name: 'mpeg2_v4l2m2m', codec: 'mpeg2video' }] : [],
    troubles: [],
  }
  const { outcome } = await muxHere(kept.path, {
    input: 'in.ts',
    order: { jobId, output, machine, settings },
    tools: { ffmpeg: [process.execPath, piFfmpeg, behaviour], limits: { stallSeconds: 3 } },
  })
  if (outcome.kind === 'done') expect((await verifyHls(output)).problems).toEqual([])
  return outcome
}

test.each([
  ['mpeg2', {}],
  // Parameter sets once, one stream at a time: a first pass, and packaging that repairs it.
  ['once,sessions=1', { sessions: 1 }],
  ['gop60', { fixedGop: 60 }],
  ['odd,nv12', { pixelFormat: 'nv12' }],
] as const)('in hardware alone: %s', async (behaviour, ability) => {
  const outcome = await muxWith(behaviour, ability)
  expect(outcome).toMatchObject({
    kind: 'done',
    result: { encoder: 'h264_v4l2m2m', fallbacks: [] },
  })
})

test.each([
  ['more streams than it carries', 'sessions=1', /^h264_v4l2m2m x4: /, 'h264_v4l2m2m'],
  ['no licence any more', 'mpeg2,no-encoder', /^h264_v4l2m2m after mpeg2_v4l2m2m x4/, 'libx264'],
  ['hangs', 'hang', /^h264_v4l2m2m x4: made no progress/, 'libx264'],
  [
    'stops half-way with exit code 0',
    'short',
    /^h264_v4l2m2m x4: .*lasts \d\.\d+ s of 8/,
    'libx264',
  ],
  ['does not heed -g any more', 'gop60', /^h264_v4l2m2m x4: .*more than 6/, 'libx264'],
])('falls back: %s', async (_, behaviour, fallback, encoder) => {
  const outcome = await muxWith(behaviour)
  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  expect(outcome.result.encoder).toBe(encoder)
  expect(outcome.result.fallbacks[0]).toMatch(fallback)
})

test('with nothing to fall back to it fails, and says by what', async () => {
  expect(await muxWith('hang', {}, [])).toMatchObject({
    kind: 'failed',
    reason: 'EncoderHang',
    retryable: true,
    argv: expect.arrayContaining(['-c:v', 'h264_v4l2m2m', '-num_capture_buffers', '32']),
  })
})
