import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { EncoderAbility, MachineCapabilities, MediaPrograms } from '../mux/mux-order.ts'
import { firstStartSeconds, type TrialLimits, trialLimits } from './trial-limits.ts'
import { tryDecoder } from './try-decoder.ts'
import { encoderKinds, tryEncoder } from './try-encoder.ts'

export interface ProbeOptions {
  /** An existing directory for some megabytes. */
  readonly scratch: string
  /** Whether hardware decoders may be used at all (`muxhwdec=1`). */
  readonly hardwareDecoding: boolean
  /** For tests. */
  readonly limits?: Partial<TrialLimits>
}

/** Hardware decoders of the Pi: on today's kernels, and on the 32-bit systems before them. */
const decoderKinds = [
  { codec: 'mpeg2video', name: 'mpeg2_v4l2m2m' },
  { codec: 'mpeg2video', name: 'mpeg2_mmal' },
  { codec: 'h264', name: 'h264_v4l2m2m' },
  { codec: 'h264', name: 'h264_mmal' },
] as const

/**
 * Finds out what this machine can do by doing it: ffmpeg lists encoders for hardware that is not there,
 * and drivers take settings that they ignore. Takes seconds to a minute, and minutes where something
 * hangs or is still to be read; the answer holds for as long as kernel, ffmpeg and boot options stay the same.
 */
export async function probeMachine(
  programs: MediaPrograms,
  { scratch, hardwareDecoding, limits = {} }: ProbeOptions,
): Promise<MachineCapabilities> {
  const troubles: string[] = []
  const encoders: EncoderAbility[] = []
  const decoders: { name: string; codec: string }[] = []
  const ffmpeg = await output(programs, ['-version'])
  if (ffmpeg === undefined)
    return { ffmpeg: '', encoders, decoders, troubles: [`${programs.ffmpeg[0]} cannot be run`] }
  const lists = ['-encoders', '-decoders'].map((list) => output(programs, ['-hide_banner', list]))
  const listed = (await Promise.all(lists)).join('\n')
  const isListed = (name: string) => new RegExp(`\\b${name}\\b`).test(listed)
  const dir = await mkdtemp(join(scratch, 'probe-'))
  const { firstSeconds, stallSeconds, totalSeconds } = { ...trialLimits, ...limits }
  const patience = { stallSeconds, totalSeconds }
  const patienceAtFirst = { stallSeconds: firstSeconds, totalSeconds: firstSeconds + totalSeconds }
  try {
    // Software first, since no driver of it can hang: then it is no slow reading that the others are judged by.
    for (const kind of encoderKinds.filter(({ name }) => isListed(name)).reverse()) {
      const isFirst = encoders.length + troubles.length === 0
      const tried = await tryEncoder(programs, dir, kind, isFirst ? patienceAtFirst : patience)
      if (typeof tried === 'string') troubles.unshift(`${kind.name}: ${tried}`.slice(0, 500))
      else encoders.unshift(tried)
    }
    for (const kind of hardwareDecoding ? decoderKinds : []) {
      if (!isListed(kind.name) || decoders.some((each) => each.codec === kind.codec)) continue
      const h264Encoder = encoders.at(-1)?.name
      const trouble = await tryDecoder(programs, kind, { dir, patience, h264Encoder })
      if (trouble === undefined) decoders.push(kind)
      else troubles.push(`${kind.name}: ${trouble}`.slice(0, 500))
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
  return { ffmpeg: ffmpeg.split('\n')[0] ?? '', encoders, decoders, troubles }
}

async function output(
  { ffmpeg, signal }: MediaPrograms,
  args: readonly string[],
): Promise<string | undefined> {
  const [program = '', ...prefix] = ffmpeg
  const options = { signal, timeout: firstStartSeconds * 1000, maxBuffer: 1 << 24 }
  const done = await promisify(execFile)(program, [...prefix, ...args], options).catch(() => {
    signal.throwIfAborted()
    return undefined
  })
  return done?.stdout
}
