import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { MediaPrograms } from '../mux/mux-order.ts'
import { complaint } from './complaint.ts'
import { runFfmpeg } from './run-ffmpeg.ts'
import type { Patience } from './trial-limits.ts'

interface Comparison {
  readonly dir: string
  readonly patience: Patience
  /** Two inputs, as ffmpeg is told them. */
  readonly inputs: readonly (readonly string[])[]
  /** Mean PSNR in dB: 100 for the same pictures. */
  readonly least: number
  /** What is wrong with one that is below. */
  readonly wrong: string
}

/** Why the pictures of two inputs are not alike; undefined where they are. */
export async function unlike(
  programs: MediaPrograms,
  { dir, patience, inputs, least, wrong }: Comparison,
): Promise<string | undefined> {
  const file = 'likeness.log'
  await rm(join(dir, file), { force: true })
  const compare = `[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]psnr=stats_file=${file}`
  const end = await runFfmpeg(programs, {
    args: [...inputs.flat(), '-filter_complex', compare, '-f', 'null', '-'],
    cwd: dir,
    ...patience,
  })
  programs.signal.throwIfAborted()
  if (end.kind !== 'ended') return `its pictures could not be compared: ${complaint(end)}`
  const text = await readFile(join(dir, file), 'utf8').catch(() => '')
  const values = [...text.matchAll(/psnr_avg:(\S+)/g)].map(([, value]) =>
    value === 'inf' ? 100 : Number(value),
  )
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
  return mean < least ? `${wrong} (PSNR ${mean.toFixed(1)} dB)` : undefined
}
