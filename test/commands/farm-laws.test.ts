import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/host/host.ts'
import {
  addHlsPi1,
  type FarmNas,
  farmNas,
  inForce,
  initCommand,
  readyFarm,
} from '../support/farm-nas.ts'

/** What the plan promises, on a whole NAS with every resource, at every step of each command. */

interface Case {
  readonly name: string
  readonly before: readonly string[]
  readonly command: string
}

const addHlsPi2 = 'add-pi --mac b8:27:eb:00:00:02 --name HLSPi2 --no-wait'

const cases: readonly Case[] = [
  { name: 'add-pi, the first', before: [], command: addHlsPi1 },
  { name: 'add-pi, a pending second', before: [addHlsPi1], command: addHlsPi2 },
  { name: 'set-pi', before: [addHlsPi1], command: 'set-pi HLSPi1 --ip 10.77.0.60 --gpu-mem 256' },
  { name: 'remove-pi', before: [addHlsPi1, addHlsPi2], command: 'remove-pi HLSPi1 --yes' },
  { name: 'undo', before: [addHlsPi1], command: 'undo --yes' },
]

describe.each(cases)('$name', ({ before, command }) => {
  test('is complete: a plan after it is empty', async () => {
    const nas = await readyFarm(before)
    expect((await nas.pifarm(command)).code).toBe(0)
    const { code, stdout } = await nas.pifarm('plan --exit-code')
    expect(stdout).toBe('nothing to do: the NAS is as farm.yaml says')
    expect(code).toBe(0)
  })

  test('failing at any step leaves the NAS as it was', async () => {
    const total = await stepsOf(before, command)
    expect(total).toBeGreaterThan(9)
    for (let k = 1; k <= total; k++) {
      const nas = await readyFarm(before)
      const was = nas.outside()
      const failed = failAt(nas, (n) => n === k)

      const { code } = await attempt(nas, command)

      nas.beforeMutation = () => {}
      // A failure while the journal itself is written is put back by the next command.
      if (code === undefined) await nas.pifarm('apply --yes')
      expect(code === undefined || code > 0, failed.label).toBe(true)
      expect(nas.outside(), failed.label).toEqual(was)
    }
  })

  test('killed at any step, the next command leaves it as before or complete', async () => {
    const total = await stepsOf(before, command)
    const complete = await completed(before, command)
    for (let k = 1; k <= total; k++) {
      const nas = await readyFarm(before)
      const was = nas.outside()
      const killed = failAt(nas, (n) => n >= k)
      await attempt(nas, command)

      nas.beforeMutation = () => {}
      const { code, error } = await nas.pifarm('apply --yes')

      expect({ code, error }, killed.label).toEqual({ code: 0, error: '' })
      const isWhole = same(nas.outside(), was) || same(nas.outside(), complete)
      if (!isWhole) expect(nas.outside(), killed.label).toEqual(was)
      expect((await nas.pifarm('plan --exit-code')).code, killed.label).toBe(0)
    }
  })

  test('killed at any step, the same command again completes it', async () => {
    const total = await stepsOf(before, command)
    for (let k = 1; k <= total; k++) {
      const nas = await readyFarm(before)
      const killed = failAt(nas, (n) => n >= k)
      await attempt(nas, command)
      nas.beforeMutation = () => {}
      const { code, error } = await nas.pifarm(command)
      // Where the kill came after the last step, a removed Pi is not there to be removed.
      if (code !== 0) expect(error, killed.label).toMatch(/there is no Pi/)
      expect((await nas.pifarm('plan --exit-code')).code, killed.label).toBe(0)
      expect(nas.snapshot(), killed.label).toHaveProperty([inForce.dhcpd])
    }
  })
})

describe('init', () => {
  test('failing at any step leaves the NAS as it was', async () => {
    const total = await initSteps()
    for (let k = 1; k <= total; k++) {
      const nas = farmNas()
      const was = nas.outside()
      const failed = failAt(nas, (n) => n === k)
      const { code } = await attempt(nas, initCommand)
      nas.beforeMutation = () => {}
      // The last step ends the run; where it fails, all is done and the next run takes it back.
      if (code === undefined && k === total) continue
      expect(nas.outside(), failed.label).toEqual(was)
    }
  })

  test('killed at any step, the same command again completes it', async () => {
    const total = await initSteps()
    const complete = farmNas()
    await complete.pifarm(initCommand)
    for (let k = 1; k <= total; k++) {
      const nas = farmNas()
      const killed = failAt(nas, (n) => n >= k)
      await attempt(nas, initCommand)
      nas.beforeMutation = () => {}
      const { code, error } = await nas.pifarm(initCommand)
      expect({ code, error }, killed.label).toEqual({ code: 0, error: '' })
      expect(nas.outside(), killed.label).toEqual(complete.outside())
    }
  })

  async function initSteps(): Promise<number> {
    const nas = farmNas()
    await nas.pifarm(initCommand)
    return nas.mutations
  }
})

test('an interrupted run puts everything back and ends with 130', async () => {
  const total = await stepsOf([], addHlsPi1)
  for (let k = 3; k < total; k++) {
    const nas = await readyFarm()
    const was = nas.outside()
    const interrupt = new AbortController()
    const already = nas.mutations
    nas.beforeMutation = (n) => {
      if (n - already === k) interrupt.abort()
    }
    const { code } = await nas.pifarm(addHlsPi1, { signal: interrupt.signal })
    expect({ code, k }).toEqual({ code: 130, k })
    expect(nas.outside(), `interrupted at ${k}`).toEqual(was)
  }
})

async function stepsOf(before: readonly string[], command: string): Promise<number> {
  const nas = await readyFarm(before)
  const already = nas.mutations
  await nas.pifarm(command)
  return nas.mutations - already
}

async function completed(before: readonly string[], command: string) {
  const nas = await readyFarm(before)
  await nas.pifarm(command)
  return nas.outside()
}

/** Lets mutations fail, counted from here; the label names the first that did. */
function failAt(nas: FarmNas, fails: (n: number) => boolean): { label: string } {
  const already = nas.mutations
  const first = { label: '' }
  nas.beforeMutation = (n, what) => {
    if (!fails(n - already)) return
    first.label ||= `step ${n - already}: ${what}`
    throw new Error(`planted at ${what}`)
  }
  return first
}

/** A planted failure of the journal or the lock comes out as itself. */
async function attempt(nas: FarmNas, command: string): Promise<{ readonly code?: number }> {
  try {
    return await nas.pifarm(command)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('planted')) return {}
    throw error
  }
}

function same(a: Record<string, Entry>, b: Record<string, Entry>): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}
