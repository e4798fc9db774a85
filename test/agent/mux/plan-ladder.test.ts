import { expect, test } from 'vitest'
import type { VideoFacts } from '../../../src/agent/mux/media-facts.ts'
import { type EncoderShape, planLadder } from '../../../src/agent/mux/plan-ladder.ts'
import type { Ladder } from '../../../src/protocol/job.ts'

const software: EncoderShape = { hardware: false, widthGrid: 2, maxSide: null }
const pi: EncoderShape = { hardware: true, widthGrid: 64, maxSide: 1920 }
const profile: Ladder = { mode: 'profile' }
const multiplier: Ladder = { mode: 'multiplier' }

function video(width: number, height: number, kbps: number, more: Partial<VideoFacts> = {}) {
  const fps = { frames: 25, seconds: 1 }
  const common = { index: 0, offset: 0, codec: 'h264', isInterlaced: false, isClean: true }
  return { ...common, width, height, kbps, fps, ...more }
}

function shown(source: VideoFacts, ladder: Ladder, encoder = software): string {
  return planLadder(source, ladder, encoder)
    .rungs.map(({ width, height, kbps }) => `${width}x${height}@${kbps}`)
    .join(' ')
}

test.each([
  ['1080p', video(1920, 1080, 12_000), '1920x1080@4800 1280x720@2500 960x540@1400 768x432@900'],
  [
    '4K is brought down to 1080p',
    video(3840, 2160, 40_000),
    '1920x1080@4800 1280x720@2500 960x540@1400 768x432@900',
  ],
  [
    'SD PAL 16:9',
    video(1024, 576, 6000, { codec: 'mpeg2video' }),
    '1024x576@1575 768x432@900 640x360@600 416x234@250',
  ],
  ['4:3', video(768, 576, 4000), '768x576@1175 576x432@650 312x234@175'],
  ['upright', video(1080, 1920, 9000), '1080x1920@4800 720x1280@2500 540x960@1400 432x768@900'],
  ['wide film', video(1920, 800, 9000), '1920x800@3750 1280x534@1825 960x400@1025 768x320@625'],
  ['poor source', video(1280, 720, 700), '1280x720@700 416x234@250'],
  ['tiny source', video(320, 180, 200), '320x180@125 224x126@50'],
  ['odd size', video(641, 361, 3000), '640x360@600 416x234@250'],
  [
    'MPEG-2 counts for less',
    video(1280, 720, 2000, { codec: 'mpeg2video' }),
    '1280x720@1200 640x360@600 416x234@250',
  ],
  [
    'HEVC counts for more',
    video(1280, 720, 1000, { codec: 'hevc' }),
    '1280x720@1600 768x432@900 640x360@600 416x234@250',
  ],
] as const)('profile, %s', (_, source, expected) => {
  expect(shown(source, profile)).toBe(expected)
})

test.each([
  [
    'widths on the grid',
    video(1280, 720, 9000),
    '1280x720@2500 960x540@1400 768x432@900 640x360@600',
  ],
  ['upright within 1920', video(1080, 1920, 9000), ''],
  ['864 wide', video(854, 480, 9000), ''],
])('profile on the Pi, %s', (_, source, expected) => {
  const rungs = planLadder(source, profile, pi).rungs
  if (expected !== '') expect(shown(source, profile, pi)).toBe(expected)
  for (const { width, height } of rungs) {
    expect(width % 64).toBe(0)
    expect(Math.max(width, height)).toBeLessThanOrEqual(1920)
  }
})

test.each([
  [
    'halves down to 250, and a floor of 200',
    video(1280, 720, 4000),
    multiplier,
    '1280x720@4000 1280x720@2000 768x432@1000 640x360@500 416x234@200',
  ],
  ['the source below the floor', video(640, 360, 180), multiplier, '416x234@175'],
  [
    'own multipliers',
    video(1280, 720, 2000),
    { mode: 'multiplier', multipliers: [1, 0.7] },
    '1280x720@2000 960x540@1400 416x234@200',
  ],
] as const)('multiplier, %s', (_, source, ladder, expected) => {
  expect(shown(source, ladder as Ladder)).toBe(expected)
})

test.each([
  [
    'as written',
    [
      { height: 720, kbps: 1800 },
      { height: 360, kbps: 500 },
    ],
    '1280x720@1800 640x360@500',
  ],
  [
    'never above the source',
    [
      { height: 2160, kbps: 30_000 },
      { height: 1080, kbps: 8000 },
    ],
    '1280x720@3000',
  ],
] as const)('explicit, %s', (_, renditions, expected) => {
  expect(shown(video(1280, 720, 3000), { mode: 'explicit', renditions: [...renditions] })).toBe(
    expected,
  )
})

test.each([
  ['a Pi halves 1080p50', video(1920, 1080, 9000, { fps: { frames: 50, seconds: 1 } }), pi, 25],
  ['a Pi carries 720p50', video(1280, 720, 9000, { fps: { frames: 50, seconds: 1 } }), pi, 50],
  ['software keeps 50', video(1920, 1080, 9000, { fps: { frames: 50, seconds: 1 } }), software, 50],
  [
    '120 is more than players take',
    video(640, 360, 900, { fps: { frames: 120, seconds: 1 } }),
    software,
    60,
  ],
  [
    '59.94 becomes 29.97',
    video(1920, 1080, 9000, { fps: { frames: 60_000, seconds: 1001 } }),
    pi,
    29.97,
  ],
])('frames: %s', (_, source, encoder, expected) => {
  const { fps } = planLadder(source, profile, encoder)
  expect(fps.frames / fps.seconds).toBeCloseTo(expected, 2)
})

test('no ladder is above its source, and all rungs have one aspect', () => {
  const sizes = [120, 241, 360, 577, 720, 1080, 1440, 2160].flatMap((height) =>
    [0.5625, 1, 1.25, 1.3333, 1.7778, 2.39].map((aspect) => [Math.round(height * aspect), height]),
  )
  const ladders: readonly Ladder[] = [
    profile,
    multiplier,
    {
      mode: 'explicit',
      renditions: [
        { height: 4320, kbps: 50_000 },
        { height: 144, kbps: 100 },
      ],
    },
  ]
  for (const [width = 0, height = 0] of sizes)
    for (const kbps of [90, 400, 2500, 30_000])
      for (const encoder of [software, pi])
        for (const ladder of ladders) {
          const { rungs } = planLadder(video(width, height, kbps), ladder, encoder)
          expect(rungs.length).toBeGreaterThan(0)
          expect(new Set(rungs.map((each) => each.kbps)).size).toBe(rungs.length)
          for (const rung of rungs) {
            expect(rung.width).toBeLessThanOrEqual(Math.max(width, encoder.widthGrid))
            expect(rung.height).toBeLessThanOrEqual(height)
            expect(rung.kbps).toBeLessThanOrEqual(Math.max(kbps, 50))
            expect([rung.width % 2, rung.height % 2]).toEqual([0, 0])
            expect(Math.abs((rung.width / rung.height) * (height / width) - 1)).toBeLessThan(0.03)
          }
        }
})
