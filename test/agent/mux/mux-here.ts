import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, onTestFinished } from 'vitest'
import type { MediaPrograms, MuxOrder, MuxTools } from '../../../src/agent/mux/mux-order.ts'
import { muxVideo } from '../../../src/agent/mux/mux-video.ts'
import { muxSettings } from '../../../src/protocol/job.ts'
import { x264 } from './x264.ts'

/** A directory of the test's own, gone after it. */
export async function scratchDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'pifarm-mux-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** One for all tests of a file. */
export function keptDir(): { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'pifarm-mux-'))
  afterAll(() => rmSync(path, { recursive: true, force: true }))
  return { path }
}

export function programsHere(log: string[] = []): MediaPrograms {
  return {
    ffmpeg: ['ffmpeg'],
    ffprobe: ['ffprobe'],
    signal: new AbortController().signal,
    log: (line) => log.push(line),
  }
}

/** Runs ffmpeg to make an input; each word of the text is one argument. */
export async function makeClip(dir: string, words: string): Promise<void> {
  const args = words.split(/\s+/).filter((word) => word !== '')
  await execa('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...args], { cwd: dir })
}

interface MuxHere {
  readonly input: string
  readonly order?: Partial<MuxOrder>
  readonly tools?: Partial<MuxTools>
}

/** Muxes `dir/input` to `dir/input.hls` as quickly as it can. */
export async function muxHere(dir: string, { input, order = {}, tools = {} }: MuxHere) {
  const lines: string[] = []
  const scratch = join(dir, 'scratch')
  await mkdir(scratch, { recursive: true })
  const outcome = await muxVideo(
    {
      jobId: 'job1',
      input: join(dir, input),
      output: join(dir, `${input}.hls`),
      mediaDir: dir,
      scratch,
      settings: muxSettings.parse({}),
      machine: { ffmpeg: 'here', encoders: [x264], decoders: [], troubles: [] },
      ...order,
    },
    {
      ...programsHere(lines),
      onProgress: () => {},
      ...tools,
      limits: { preset: 'ultrafast', ...tools.limits },
    },
  )
  return { outcome, lines, output: join(dir, `${input}.hls`) }
}
