import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { probeMachine } from '../../../src/agent/ffmpeg/probe-machine.ts'
import type { TrialLimits } from '../../../src/agent/ffmpeg/trial-limits.ts'
import { programsHere, scratchDir } from '../mux/mux-here.ts'

const piFfmpeg = fileURLToPath(new URL('../mux/pi-ffmpeg.js', import.meta.url))

/** What a probe finds with the Pi's ffmpeg, behaving in some of its ways. */
async function probed(
  behaviour: string,
  hardwareDecoding = false,
  limits: Partial<TrialLimits> = {},
) {
  const programs = { ...programsHere(), ffmpeg: [process.execPath, piFfmpeg, behaviour] }
  return probeMachine(programs, { scratch: await scratchDir(), hardwareDecoding, limits })
}

test('here: software alone, though ffmpeg lists hardware', async () => {
  const found = await probeMachine(programsHere(), {
    scratch: await scratchDir(),
    hardwareDecoding: true,
  })
  expect(found.ffmpeg).toMatch(/^ffmpeg version /)
  expect(found.encoders.map((each) => each.name)).toEqual(['libx264'])
  expect(found.decoders).toEqual([])
  expect(found.troubles.join('\n')).toMatch(/^h264_v4l2m2m: .*device/)
})

test('a good Pi, with an MPEG-2 licence and room for two streams', async () => {
  const found = await probed('mpeg2,sessions=2', true)
  expect(found.encoders[0]).toMatchObject({
    name: 'h264_v4l2m2m',
    hardware: true,
    fixedGop: null,
    sessions: 2,
  })
  expect(found.encoders[1]?.name).toBe('libx264')
  expect(found.decoders).toEqual([{ name: 'mpeg2_v4l2m2m', codec: 'mpeg2video' }])
})

test('an old kernel: key frames every 60 frames, nv12 alone, and no licence', async () => {
  const found = await probed('gop60,nv12,once,sessions=1', true)
  expect(found.encoders[0]).toMatchObject({ pixelFormat: 'nv12', fixedGop: 60, sessions: 1 })
  expect(found.decoders).toEqual([])
  expect(found.troubles.join('\n')).toMatch(/mpeg2_v4l2m2m: .*decode_MPG2=/)
})

test.each([
  ['garble', /^h264_v4l2m2m: garbles the picture \(PSNR 1\d/],
  ['short', /^h264_v4l2m2m: gave \d+ of 150 pictures/],
  ['no-encoder', /^h264_v4l2m2m: Could not find a valid device/],
])('an encoder that is no use is not used: %s', async (behaviour, trouble) => {
  const found = await probed(behaviour)
  expect(found.encoders.map((each) => each.name)).toEqual(['libx264'])
  expect(found.troubles[0]).toMatch(trouble)
})

/** What a probe finds with an ffmpeg before which a line of shell runs. */
async function probedAfter(line: string, limits: Partial<TrialLimits> = {}) {
  const programs = {
    ...programsHere(),
    ffmpeg: ['sh', '-c', `${line}; exec ffmpeg "$@"`, 'ffmpeg'],
  }
  return probeMachine(programs, { scratch: await scratchDir(), hardwareDecoding: false, limits })
}

test('an ffmpeg that is read from a busy NAS for most of a minute is waited for', async () => {
  const slow = 'case "$*" in -version) sleep 40 ;; *libx264*) sleep 20 ;; esac'
  const { ffmpeg, encoders, troubles } = await probedAfter(slow)
  expect(ffmpeg).toMatch(/^ffmpeg version /)
  expect([encoders.map((each) => each.name), troubles.join()]).toEqual([
    ['libx264'],
    expect.not.stringContaining('libx264'),
  ])
}, 300_000)

test('the first trial has the time to read ffmpeg, however little a later one gets', async () => {
  const slow = 'case "$*" in *libx264*) sleep 4 ;; esac'
  const limits = { firstSeconds: 60, stallSeconds: 2 }
  const { encoders, troubles } = await probedAfter(slow, limits)
  expect(encoders.map((each) => each.name)).toEqual(['libx264'])
  expect(troubles.join()).not.toContain('libx264')
})

test('a driver that hangs is given up, and not tried in another format', async () => {
  const tried = join(await scratchDir(), 'tried')
  const limits = { stallSeconds: 3 }
  const found = await probed(`hang,count=${tried}`, false, limits)
  expect(found.encoders.map((each) => each.name)).toEqual(['libx264'])
  expect(found.troubles[0]).toBe('h264_v4l2m2m: hangs')
  expect(readFileSync(tried, 'utf8')).toBe('out0.ts\n')
})

test('pictures that could not be compared in time are not called garbled', async () => {
  const slow = 'case "$*" in *psnr*) sleep 600 ;; esac'
  const { encoders, troubles } = await probedAfter(slow, { firstSeconds: 3 })
  expect(encoders).toEqual([])
  expect(troubles.at(-1)).toBe('libx264: its pictures could not be compared: hangs')
})

test('without ffmpeg there is nothing, and it says so', async () => {
  const programs = { ...programsHere(), ffmpeg: ['/nowhere/ffmpeg'] }
  const options = { scratch: await scratchDir(), hardwareDecoding: false }
  expect(await probeMachine(programs, options)).toEqual({
    ffmpeg: '',
    encoders: [],
    decoders: [],
    troubles: ['/nowhere/ffmpeg cannot be run'],
  })
})
