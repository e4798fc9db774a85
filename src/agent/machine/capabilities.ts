import { createHash } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { release } from 'node:os'
import { join } from 'node:path'
import type { Capabilities } from '../../protocol/agent-api.ts'
import { agentVersion } from '../agent-version.ts'
import { firstStartSeconds } from '../ffmpeg/trial-limits.ts'
import type { EncoderAbility, MachineCapabilities } from '../mux/mux-order.ts'
import { runWithin } from '../share/run-within.ts'

export interface ProbeOrder {
  readonly stateDir: string
  readonly serial: string | undefined
  readonly hardwareDecoding: boolean
  /** What starts this agent once more. */
  readonly self: readonly string[]
}

/**
 * What this machine can do: as it was found out last time while kernel, ffmpeg, agent and board are
 * the same, else anew. A machine on which nothing worked is tried again each time.
 */
export async function knownCapabilities(order: ProbeOrder): Promise<MachineCapabilities> {
  const path = join(order.stateDir, 'capabilities.json')
  const key = await keyOf(order)
  const before = await readKept(path)
  if (before?.key === key && before.machine.encoders.length > 0) return before.machine
  const machine = await probeInChild(order)
  await mkdir(order.stateDir, { recursive: true })
  await writeFile(`${path}.tmp`, JSON.stringify({ key, machine }))
  await rename(`${path}.tmp`, path)
  return machine
}

/** What the controller hears of it. */
export function toldCapabilities({
  encoders,
  decoders,
  troubles,
}: MachineCapabilities): Capabilities {
  return {
    encoders: encoders.slice(0, 20).map(({ name }) => name.slice(0, 64)),
    decoders: decoders.slice(0, 20).map(({ name }) => name.slice(0, 64)),
    troubles: troubles.slice(0, 20).map((line) => line.slice(0, 500)),
  }
}

/** Spares a slow machine large renditions, whatever its encoder could do. */
export function capped(machine: MachineCapabilities, maxSide: number | undefined) {
  if (maxSide === undefined) return machine
  const cap = (encoder: EncoderAbility) => ({
    ...encoder,
    maxSide: Math.min(encoder.maxSide ?? maxSide, maxSide),
  })
  return { ...machine, encoders: machine.encoders.map(cap) }
}

interface Kept {
  readonly key: string
  readonly machine: MachineCapabilities
}

async function readKept(path: string): Promise<Kept | undefined> {
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as Kept
    return Array.isArray(kept.machine.encoders) ? kept : undefined
  } catch {
    return undefined
  }
}

async function keyOf({ serial, hardwareDecoding }: ProbeOrder): Promise<string> {
  const ran = await runWithin(firstStartSeconds, ['ffmpeg', '-version'])
  const ffmpeg = ran.kind === 'ended' ? ran.stdout : ''
  const all = [agentVersion, ffmpeg, release(), serial ?? '', String(hardwareDecoding)]
  return createHash('sha256').update(all.join('\n')).digest('hex')
}

/** Each step of the trial has a limit of its own; this one is for what not even a kill ends. */
const longestTrialSeconds = 6 * firstStartSeconds

/** In a child: what the trial needs of memory is not held for as long as the agent runs. */
async function probeInChild({ self, hardwareDecoding }: ProbeOrder): Promise<MachineCapabilities> {
  const flag = hardwareDecoding ? ['--hwdec'] : []
  const ran = await runWithin(longestTrialSeconds, [...self, 'probe', '--json', ...flag])
  const nothing = { ffmpeg: '', encoders: [], decoders: [] }
  if (ran.kind === 'late')
    return { ...nothing, troubles: ['the trial of the encoders does not end'] }
  try {
    return (JSON.parse(ran.stdout) as { machine: MachineCapabilities }).machine
  } catch {
    return {
      ...nothing,
      troubles: [`the trial of the encoders failed: ${ran.stderr.slice(0, 300)}`],
    }
  }
}
