import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exitCodes } from '../../errors.ts'
import { probeMachine } from '../ffmpeg/probe-machine.ts'
import type { MachineCapabilities } from '../mux/mux-order.ts'
import { readBoard } from '../settings/board.ts'

export interface ProbeOptions {
  readonly json: boolean
  readonly hwdec: boolean
  readonly signal: AbortSignal
}

/** Tries what this machine can do, and says it. Ends with 3 where it cannot work. */
export async function probe({ json, hwdec, signal }: ProbeOptions): Promise<number> {
  const board = await readBoard()
  const machine = await probeHere(hwdec, signal)
  const text = json
    ? JSON.stringify({ ...board, machine }, undefined, 2)
    : [
        `board     ${board.model || 'unknown'}, serial ${board.serial ?? 'none'}`,
        `ffmpeg    ${machine.ffmpeg || 'none'}`,
        ...machine.encoders.map((each) => `encoder   ${each.name}${about(each)}`),
        ...machine.decoders.map(({ name, codec }) => `decoder   ${name} for ${codec}`),
        ...machine.troubles.map((line) => `trouble   ${line}`),
      ].join('\n')
  process.stdout.write(`${text}\n`)
  return machine.encoders.length > 0 ? exitCodes.done : exitCodes.putBack
}

export async function probeHere(
  hardwareDecoding: boolean,
  signal: AbortSignal,
): Promise<MachineCapabilities> {
  const scratch = await mkdtemp(join(tmpdir(), 'hls-muxer-probe-'))
  try {
    return await probeMachine(
      { ffmpeg: ['ffmpeg'], ffprobe: ['ffprobe'], signal, log: () => {} },
      { scratch, hardwareDecoding },
    )
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

function about({ fixedGop, maxSide, sessions }: MachineCapabilities['encoders'][number]): string {
  const facts = [
    ...(maxSide === null ? [] : [`up to ${maxSide} pixels a side`]),
    ...(fixedGop === null ? [] : [`a key frame every ${fixedGop} frames whatever is asked`]),
    `${sessions} at once`,
  ]
  return `: ${facts.join(', ')}`
}
