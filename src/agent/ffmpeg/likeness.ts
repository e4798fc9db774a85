import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { MediaPrograms } from '../mux/mux-order.ts'
import { runFfmpeg } from './run-ffmpeg.ts'

/** Mean PSNR of the pictures of two inputs in dB: 100 for the same, 0 where nothing can be compared. */
export async function likeness(
  programs: MediaPrograms,
  dir: string,
  one: readonly string[],
  other: readonly string[],
): Promise<number> {
  const file = 'likeness.log'
  await rm(join(dir, file), { force: true })
  const compare = `[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]psnr=stats_file=${file}`
  await runFfmpeg(programs, {
    args: [...one, ...other, '-filter_complex', compare, '-f', 'null', '-'],
    cwd: dir,
    stallSeconds: 30,
    totalSeconds: 120,
  })
  programs.signal.throwIfAborted()
  const text = await readFile(join(dir, file), 'utf8').catch(() => '')
  const values = [...text.matchAll(/psnr_avg:(\S+)/g)].map(([, value]) =>
    value === 'inf' ? 100 : Number(value),
  )
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
