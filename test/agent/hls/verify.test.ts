import { cp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { beforeAll, describe, expect, test } from 'vitest'
import { verifyHls } from '../../../src/agent/hls/verify.ts'
import { muxSettings } from '../../../src/protocol/job.ts'
import { keptDir, makeClip, muxHere, programsHere, scratchDir } from '../mux/mux-here.ts'

/** Two renditions of 640x360 and 416x234, two languages, subtitles; 10 seconds in two segments each. */
const good = keptDir()
const [high, low] = [600, 250]

beforeAll(async () => {
  const dir = good.path
  await writeFile(join(dir, 's.srt'), '1\n00:00:01,000 --> 00:00:07,000\nHello\n')
  await makeClip(
    dir,
    `-f lavfi -i testsrc2=s=640x360:r=25:d=10 -f lavfi -i sine=d=10 -f lavfi -i sine=880:d=10 -i s.srt
     -map 0 -map 1 -map 2 -map 3 -c:v libx264 -preset ultrafast -g 50 -c:a aac -metadata:s:a:0 language=eng
     -metadata:s:a:1 language=ger -metadata:s:s:0 language=eng in.mkv`,
  )
  await muxHere(dir, { input: 'in.mkv' })
  const encrypt = muxSettings.parse({ encrypt: true })
  await muxHere(dir, {
    input: 'in.mkv',
    order: { settings: encrypt, output: join(dir, 'secret.hls') },
  })
}, 60_000)

async function copyOf(name: string): Promise<string> {
  const dir = join(await scratchDir(), 'broken.hls')
  await cp(join(good.path, name), dir, { recursive: true })
  return dir
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(path, 'latin1')
  const changed = change(text)
  expect(changed).not.toBe(text)
  await writeFile(path, changed, 'latin1')
}

const problemsOf = async (dir: string) => (await verifyHls(dir)).problems.join('\n')

test('what was not broken passes, decoded to the last segment', async () => {
  for (const name of ['in.mkv.hls', 'secret.hls']) {
    const decode = { programs: programsHere(), extent: 'all' } as const
    const { problems, warnings, variants } = await verifyHls(join(good.path, name), { decode })
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
    expect(variants.map((each) => [each.uri, each.segments.length])).toEqual([
      [`manifest_${high}.m3u8`, 2],
      [`manifest_${low}.m3u8`, 2],
    ])
  }
})

describe('says what is wrong with', () => {
  const master = 'manifest_master.m3u8'
  test.each([
    [master, 'BANDWIDTH off by 15 %', /STREAM-INF:BANDWIDTH=(\d+)/, percent(15), /says BANDWIDTH=/],
    [
      master,
      'AVERAGE-BANDWIDTH off by 15 %',
      /AVERAGE-BANDWIDTH=(\d+)/,
      percent(-15),
      /says AVERAGE-BANDWIDTH=/,
    ],
    [master, 'CODECS', /avc1\.\w+/, () => 'avc1.640028', /says CODECS=avc1.640028/],
    [master, 'RESOLUTION', /640x360/, () => '1280x720', /says RESOLUTION=1280x720, it is 640x360/],
    [master, 'FRAME-RATE', /FRAME-RATE=25/, () => 'FRAME-RATE=30', /says FRAME-RATE=30/],
    [
      master,
      'INDEPENDENT-SEGMENTS',
      /#EXT-X-INDEPENDENT-SEGMENTS\n/,
      () => '',
      /lacks EXT-X-INDEPENDENT/,
    ],
    [
      master,
      'a group that is not there',
      /AUDIO="sound"/,
      () => 'AUDIO="none"',
      /names the sound group "none"/,
    ],
    [
      master,
      'a path out of the directory',
      /manifest_600/,
      () => '../manifest_600',
      /is not in this directory/,
    ],
    [master, 'everything', /.*/s, () => '', /names no renditions/],
    [
      'manifest_600.m3u8',
      'EXTINF above the target',
      /EXTINF:6\.0+/,
      () => 'EXTINF:7.000000',
      /more than EXT-X-TARGETDURATION:6/,
    ],
    [
      'manifest_600.m3u8',
      'EXTINF that is not so',
      /EXTINF:6\.0+/,
      () => 'EXTINF:5.000000',
      /EXTINF says 5/,
    ],
    ['manifest_600.m3u8', 'no ENDLIST', /#EXT-X-ENDLIST/, () => '', /has no EXT-X-ENDLIST/],
    [
      'manifest_600.m3u8',
      'no VOD',
      /#EXT-X-PLAYLIST-TYPE:VOD\n/,
      () => '',
      /has no EXT-X-PLAYLIST-TYPE/,
    ],
    [
      'manifest_600.m3u8',
      'another target',
      /TARGETDURATION:6/,
      () => 'TARGETDURATION:9',
      /different target durations/,
    ],
    [
      'manifest_600.m3u8',
      'a file that is elsewhere',
      /media_600_00001/,
      () => '/etc/media',
      /is not in this directory/,
    ],
    [
      'manifest_600.m3u8',
      'a segment too few',
      /#EXTINF.*\n.*\n#EXT-X-END/,
      () => '#EXT-X-END',
      /lasts 6.000 s instead|have 1 and 2 segments/,
    ],
    [
      'subtitles1_00001.vtt',
      'WebVTT without a map',
      /X-TIMESTAMP-MAP.*\n/,
      () => '',
      /has no X-TIMESTAMP-MAP/,
    ],
    [
      'subtitles1_00001.vtt',
      'WebVTT on another clock',
      /MPEGTS:\d+/,
      () => 'MPEGTS:900000',
      /maps to 10 s/,
    ],
    ['iframes_600.m3u8', 'I-frames that are none', /@\d+/, () => '@3760', /are no I-frame/],
    ['iframes_600.m3u8', 'I-frames past the end', /@\d+/, () => '@999999999999', /are no I-frame/],
    [
      'iframes_600.m3u8',
      'I-frames longer than the segment',
      /RANGE:\d+/,
      () => 'RANGE:999999999999',
      /are no I-frame/,
    ],
  ] as const)('%s: %s', async (file, _, pattern, by, expected) => {
    const dir = await copyOf('in.mkv.hls')
    await edit(join(dir, file), (text) => text.replace(pattern, by))
    expect(await problemsOf(dir)).toMatch(expected)
  })

  test('an empty segment', async () => {
    const dir = await copyOf('in.mkv.hls')
    await truncate(join(dir, `media_${high}_00001.ts`))
    expect(await problemsOf(dir)).toMatch(/media_600_00001.ts is empty/)
  })

  test('a segment that is not there', async () => {
    const dir = await copyOf('in.mkv.hls')
    await rm(join(dir, `media_${low}_00000.ts`))
    expect(await problemsOf(dir)).toMatch(/media_250_00000.ts is not there/)
  })

  test.each([1000, 188 * 900])('a last segment cut off after %i bytes', async (bytes) => {
    const dir = await copyOf('in.mkv.hls')
    await truncate(join(dir, `media_${high}_00001.ts`), bytes)
    expect(await problemsOf(dir)).toMatch(/media_600_00001.ts (is cut off|lasts)/)
  })

  test('swapped renditions', async () => {
    const dir = await copyOf('in.mkv.hls')
    for (const [from, to] of [
      [`manifest_${high}.m3u8`, 'x'],
      [`manifest_${low}.m3u8`, `manifest_${high}.m3u8`],
      ['x', `manifest_${low}.m3u8`],
    ] as const)
      await rename(join(dir, from), join(dir, to))
    expect(await problemsOf(dir)).toMatch(/says RESOLUTION=640x360, it is 416x234/)
  })

  test('random bytes in a run of packets', async () => {
    const dir = await copyOf('in.mkv.hls')
    const path = join(dir, `media_${high}_00000.ts`)
    const bytes = await readFile(path)
    for (let at = 188 * 200; at < 188 * 203; at++) bytes[at] = (at * 7919) % 251
    await writeFile(path, bytes)
    expect(await problemsOf(dir)).toMatch(/media_600_00000.ts has (no sync byte|a gap)/)
  })

  test('random bytes inside packets, once it is decoded', async () => {
    const dir = await copyOf('in.mkv.hls')
    const path = join(dir, `media_${high}_00000.ts`)
    const bytes = await readFile(path)
    for (let packet = 200; packet < 260; packet++)
      for (let at = 40; at < 188; at++) bytes[packet * 188 + at] = (at * packet * 7919) % 251
    await writeFile(path, bytes)
    const decode = { programs: programsHere(), extent: 'all' } as const
    const { problems } = await verifyHls(dir, { decode })
    expect(problems.join('\n')).toMatch(/does not decode|does not begin|has a gap/)
  })

  test('parameter sets before the first IDR only', async () => {
    const dir = await copyOf('in.mkv.hls')
    const path = join(dir, `media_${high}_00001.ts`)
    await edit(path, (text) =>
      // Units of a type that decoders skip.
      text.replaceAll('\0\0\x01\x67', '\0\0\x01\x1e').replaceAll('\0\0\x01\x68', '\0\0\x01\x1e'),
    )
    expect(await problemsOf(dir)).toMatch(
      /media_600_00001.ts does not begin with an IDR and its parameter sets \(NAL types 9 30 30/,
    )
  })

  test('a key that is not the key', async () => {
    const dir = await copyOf('secret.hls')
    await writeFile(join(dir, `media_${high}.key`), Buffer.alloc(16, 7))
    expect(await problemsOf(dir)).toMatch(/does not decrypt|has no sync byte/)
  })
})

describe('says what is wrong with what ffmpeg made', () => {
  async function withRendition(words: string): Promise<string> {
    const dir = await copyOf('in.mkv.hls')
    const name = `-f hls -hls_time 6 -hls_playlist_type vod -muxdelay 0.1 -muxpreload 0
      -hls_segment_filename media_${high}_%05d.ts`
    await makeClip(
      dir,
      `-i ${good.path}/in.mkv -map 0:v -c:v libx264 -preset ultrafast -bf 0
      -b:v 600k ${words} ${name} manifest_${high}.m3u8`,
    )
    return dir
  }

  test('cut anywhere (split_by_time)', async () => {
    const dir = await withRendition('-g 70 -hls_flags split_by_time')
    expect(await problemsOf(dir)).toMatch(/does not begin with an IDR/)
  })

  test('with key frames where no other rendition has them', async () => {
    const dir = await withRendition('-g 70')
    expect(await problemsOf(dir)).toMatch(/do not line up from segment/)
  })

  test('interlaced', async () => {
    const dir = await withRendition('-g 50 -flags +ilme+ildct -x264-params tff=1')
    expect(await problemsOf(dir)).toMatch(/is interlaced/)
  })

  test('onto a full disk, which it says nothing of', async () => {
    const dir = await copyOf('in.mkv.hls')
    const script = `mount -t tmpfs -o size=200k tmpfs "$0" && cd "$0" || exit 9
      ffmpeg -nostdin -loglevel error -i '${good.path}/in.mkv' -map 0:v -c:v libx264 -preset ultrafast \\
        -b:v 600k -g 50 -f hls -hls_time 6 -hls_playlist_type vod \\
        -hls_segment_filename media_${high}_%05d.ts manifest_${high}.m3u8
      code=$?
      cp -f media_* manifest_* '${dir}' && exit $code`
    const ran = await execa('unshare', ['--mount', 'sh', '-c', script, await scratchDir()])
    expect(ran.exitCode).toBe(0)
    expect(await problemsOf(dir)).toMatch(/manifest_600.m3u8|media_600/)
  })

  test('and was ended early, with an ENDLIST as if whole', async () => {
    const dir = await withRendition('-g 50 -t 6')
    expect(await readFile(join(dir, `manifest_${high}.m3u8`), 'utf8')).toContain('ENDLIST')
    expect(await problemsOf(dir)).toMatch(/manifest_600.m3u8 lasts 6.\d+ s instead of 10/)
  })
})

function percent(more: number) {
  return (whole: string, value: string) =>
    whole.replace(value, String(Math.round(Number(value) * (1 + more / 100))))
}
