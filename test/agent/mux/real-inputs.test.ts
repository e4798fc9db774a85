import { readdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import HLS from 'hls-parser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verifyHls } from '../../../src/agent/hls/verify.ts'
import { muxSettings } from '../../../src/protocol/job.ts'
import { makeClip, muxHere, programsHere, scratchDir } from './mux-here.ts'
import { openPlayer } from './player.ts'

/** Where `node test/setup.js` puts it. */
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test')
const footage = join(cache, 'footage.mp4')

let player: Awaited<ReturnType<typeof openPlayer>>
beforeAll(async () => {
  player = await openPlayer()
})
afterAll(() => player.close())

/** Two segments. */
const seconds = 7
const h264 = '-c:v libx264 -preset ultrafast -pix_fmt yuv420p'
const picture = (size: string, rate = '25') =>
  `-f lavfi -i testsrc2=s=${size}:r=${rate}:d=${seconds}`
const sound = (hertz = 440) => `-f lavfi -i sine=${hertz}:d=${seconds}`

interface Input {
  readonly name: string
  readonly words: readonly string[]
  /** Size and name of each rendition, best first; bit/s are what the segments have. */
  readonly renditions: readonly string[]
  readonly settings?: Parameters<typeof muxSettings.parse>[0]
  readonly sounds?: number
  readonly cues?: readonly number[]
  readonly length?: number
}

const inputs: readonly Input[] = [
  {
    name: 'broadcast.ts',
    words: [
      // Anamorphic and interlaced, a data PID, two languages.
      picture('352x288'),
      `${sound()} ${sound(880)} -f data -i junk -map 0 -map 1 -map 2 -map 3:d -c:d copy`,
      '-c:v mpeg2video -flags +ilme+ildct -top 1 -b:v 3M -aspect 16:9 -c:a mp2',
      '-metadata:s:a:0 language=ger -metadata:s:a:1 language=eng -f mpegts',
    ],
    renditions: ['375 512x288@25', '250 416x234@25'],
    sounds: 2,
  },
  {
    name: 'camera.mov',
    words: [picture('480x270', '30000/1001'), sound(), `-timecode 01:00:00:00 ${h264} -c:a aac`],
    renditions: ['325 480x270@29.97', '150 336x190@29.97'],
    settings: { segments: 'fmp4' },
  },
  {
    name: 'film.mkv',
    words: [
      picture('640x360', '24'),
      `${sound()} -i s.srt -map 0 -map 1 -map 2 -attach junk -metadata:s:3 mimetype=x/y`,
      `-metadata:s:s:0 language=fre ${h264} -c:a ac3`,
    ],
    renditions: ['600 640x360@24', '250 416x234@24'],
    settings: { encrypt: true },
    cues: [1, 5.5],
  },
  {
    name: 'phone.mp4',
    // Written lying, with the note that it stands.
    words: ['-i lying.mp4 -c copy -metadata:s:v rotate=90'],
    renditions: ['600 360x640@30', '250 234x416@30'],
  },
  {
    name: 'old.mpg',
    words: [picture('352x288'), sound(), '-c:v mpeg2video -aspect 4:3 -b:v 2M -c:a mp2 -f vob'],
    renditions: ['275 384x288@25', '175 312x234@25'],
  },
  {
    name: 'sport.mp4',
    words: [picture('640x360', '50'), h264],
    renditions: ['825 640x360@50', '350 416x234@50'],
  },
  {
    // A phone filmed it, at 26.777 frames a second.
    name: 'footage.mp4',
    words: [`-i ${footage} -c copy`],
    renditions: ['825 640x480@26.777', '425 480x360@26.777', '175 312x234@26.777'],
    length: 8.1,
  },
  {
    name: 'song.mp3',
    words: [`${sound()} -i cover.png -map 0 -map 1 -c:v copy -c:a libmp3lame`],
    renditions: ['128 0x0@0', '64 0x0@0'],
  },
]

test.each(inputs)('$name', async ({ name, words, renditions, settings, ...expected }) => {
  const { sounds = 0, cues = [], length = seconds } = expected
  const dir = await scratchDir()
  await writeFile(join(dir, 'junk'), Buffer.alloc(20_000, 'junk'))
  await writeFile(
    join(dir, 's.srt'),
    '1\n00:00:01,000 --> 00:00:02,500\nOne\n\n2\n00:00:05,500 --> 00:00:06,500\nTwo\n',
  )
  if (name === 'song.mp3') await makeClip(dir, '-f lavfi -i testsrc2=d=1 -frames:v 1 cover.png')
  if (name === 'phone.mp4')
    await makeClip(dir, `${picture('640x360', '30')} ${sound()} ${h264} -c:a aac lying.mp4`)
  await makeClip(dir, `${words.join(' ')} ${name}`)

  const order = { settings: muxSettings.parse(settings ?? {}) }
  const { outcome, output } = await muxHere(dir, { input: name, order })

  if (outcome.kind !== 'done') throw new Error(JSON.stringify(outcome))
  expect(
    outcome.result.renditions.map(
      ({ playlist, width, height, framesPerSecond }) =>
        `${/\d+/.exec(playlist)?.[0]} ${width}x${height}@${framesPerSecond}`,
    ),
  ).toEqual(renditions)
  expect(outcome.result.durationSeconds).toBeCloseTo(length, 0)
  const decode = { programs: programsHere(), extent: 'all' } as const
  expect((await verifyHls(output, { decode })).problems).toEqual([])
  const probed = await execa('ffprobe', [
    ...['-v', 'error', '-allowed_extensions', 'ALL', '-show_entries', 'format=duration'],
    ...['-of', 'csv=p=0', join(output, 'manifest_master.m3u8')],
  ])
  expect(probed.stderr).toBe('')
  expect(Number(probed.stdout)).toBeCloseTo(length, 0)
  HLS.setOptions({ strictMode: true })
  for (const file of (await readdir(output)).filter((each) => each.endsWith('.m3u8')))
    HLS.parse(await readFile(join(output, file), 'utf8'))

  const played = await player.play(output)
  expect(played.errors).toEqual([])
  expect(played.levels.map((level) => level.ended)).toEqual(renditions.map(() => true))
  // hls.js has them from the smallest rate up.
  const sizes = played.levels.map(({ width, height }) => `${width}x${height}`)
  expect(sizes.reverse()).toEqual(renditions.map((each) => /\d+x\d+/.exec(each)?.[0]))
  expect(played.sounds).toBe(sounds)
  expect(played.cues.map((cue) => Math.round(cue.start * 10) / 10)).toEqual(cues)
  // Nothing but the input and the output is left, hidden directories included.
  const left = (await readdir(dir)).filter((each) => each.startsWith('.') || each.endsWith('.hls'))
  expect(left).toEqual([`${name}.hls`])
  expect(await readdir(join(dir, 'scratch'))).toEqual([])
})
