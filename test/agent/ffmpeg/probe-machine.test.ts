import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { probeMachine } from '../../../src/agent/ffmpeg/probe-machine.ts'
import { programsHere, scratchDir } from '../mux/mux-here.ts'

const piFfmpeg = fileURLToPath(new URL('../mux/pi-ffmpeg.js', import.meta.url))

/** What a probe finds with the Pi's ffmpeg, behaving in some of its ways. */
async function probed(behaviour: string, hardwareDecoding = false) {
  const programs = { ...programsHere(), ffmpeg: [process.execPath, piFfmpeg, behaviour] }
  return probeMachine(programs, { scratch: await scratchDir(), hardwareDecoding })
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

test('an ffmpeg that is read from a busy NAS for most of a minute is waited for', async () => {
  const slow = 'case "$*" in -version) sleep 40 ;; esac; exec ffmpeg "$@"'
  const programs = { ...programsHere(), ffmpeg: ['sh', '-c', slow, 'ffmpeg'] }
  const options = { scratch: await scratchDir(), hardwareDecoding: false }
  const { ffmpeg, encoders } = await probeMachine(programs, options)
  expect(ffmpeg).toMatch(/^ffmpeg version /)
  expect(encoders.map((each) => each.name)).toEqual(['libx264'])
}, 300_000)

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
