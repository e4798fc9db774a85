import { expect, test } from 'vitest'
import { averageBitRate, peakBitRate } from '../../../src/agent/hls/bit-rates.ts'
import {
  parseMasterPlaylist,
  renderMasterPlaylist,
} from '../../../src/agent/hls/master-playlist.ts'
import { parseMediaPlaylist, renderMediaPlaylist } from '../../../src/agent/hls/media-playlist.ts'
import { parseSps } from '../../../src/agent/hls/sps.ts'
import { mappedPts, parseCues, renderVttSegment } from '../../../src/agent/hls/web-vtt.ts'

test('a media playlist is read as it was written', () => {
  const segments = [
    { uri: 'a.ts', seconds: 6, key: 'k.key' },
    { uri: 'b.ts', seconds: 2.5, key: 'k.key', range: { offset: 188, length: 376 } },
  ]
  const text = renderMediaPlaylist({ segments, targetSeconds: 6, map: 'init.mp4' })
  expect(parseMediaPlaylist(text)).toMatchObject({
    version: 6,
    targetSeconds: 6,
    isVod: true,
    isEnded: true,
    areIndependent: true,
    map: 'init.mp4',
    segments,
  })
})

test('a master playlist is read as it was written, whatever titles hold', () => {
  const variant = {
    uri: 'a.m3u8',
    bandwidth: 100,
    averageBandwidth: 90,
    codecs: 'avc1.64001f,mp4a.40.2',
    width: 640,
    height: 360,
    framesPerSecond: 29.97,
    audio: 'sound',
    subtitles: undefined,
  }
  const track = {
    type: 'AUDIO',
    group: 'sound',
    name: 'Director\'s "cut"\n#EXT-X-ENDLIST',
    language: 'en',
    uri: 'b.m3u8',
    isDefault: true,
    isForced: false,
  } as const
  const master = {
    version: 4,
    areIndependent: true,
    variants: [variant],
    iFrames: [{ ...variant, uri: 'i.m3u8', framesPerSecond: undefined, audio: undefined }],
    tracks: [track],
  }
  const text = renderMasterPlaylist(master)
  const name = "Director's 'cut' #EXT-X-ENDLIST"
  expect(parseMasterPlaylist(text)).toEqual({ ...master, tracks: [{ ...track, name }] })
})

test.each(['', '#EXTINF:6,', 'a.ts', '<html>'])('%j is no playlist', (text) => {
  expect(parseMediaPlaylist(text)).toBeUndefined()
  expect(parseMasterPlaylist(text)).toBeUndefined()
})

test('the peak is over runs of about a target, the average over all', () => {
  const segments = [
    { bytes: 750_000, seconds: 6 },
    { bytes: 1_500_000, seconds: 6 },
    { bytes: 125_000, seconds: 1 },
  ]
  expect(averageBitRate(segments)).toBe(Math.ceil((2_375_000 * 8) / 13))
  expect(peakBitRate(segments, 6)).toBe(2_000_000)
  expect(peakBitRate([{ bytes: 125_000, seconds: 1 }], 6)).toBe(1_000_000)
})

test.each([
  [
    '1080p, cropped',
    '67640028acd940780227e5c05a808080a0000003002000000781e30632c0',
    'avc1.640028',
    1920,
    1080,
  ],
  ['CIF, baseline', '6742c015da05825a1000000300100000030320f162ea', 'avc1.42c015', 352, 288],
] as const)('SPS: %s', (_, hex, codec, width, height) => {
  expect(parseSps(Buffer.from(hex, 'hex'))).toMatchObject({ codec, width, height, pixelAspect: 1 })
})

test.each(['', '67', '6764', '68ee3c80', '6764002800', 'ff'.repeat(40)])('no SPS: %s', (hex) => {
  expect(parseSps(Buffer.from(hex, 'hex'))).toBeUndefined()
})

test('WebVTT: cues with hours, settings and several lines; the rest is left out', () => {
  const text = `WEBVTT\n\nNOTE x\n\n1\n00:01.000 --> 00:02.500 line:0\nA\nB\n\n01:00:00.000 --> 00:00:01.000\nback\n\nSTYLE\n::cue{}\n`
  expect(parseCues(text)).toEqual([{ from: 1, to: 2.5, settings: 'line:0', text: 'A\nB' }])
  const segment = renderVttSegment(parseCues(text), 0.2)
  expect(mappedPts(segment)).toBe(0.2)
  expect(parseCues(segment)).toEqual(parseCues(text))
})
