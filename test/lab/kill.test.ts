import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lab } from './lab.ts'
import { addPi, addPiArgs, first, second, startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

const killed = fileURLToPath(new URL('killed-pifarm.js', import.meta.url))
const sigkill = 137

let lab: Lab
beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
}, 60_000)
afterAll(async () => await lab?.stop())

/** Runs `add-pi` for the second Pi and kills it. Answers the changes it made where it ended first. */
async function killAt(when: string): Promise<readonly string[] | 'killed'> {
  const { code, stderr } = await lab.nas([process.execPath, killed, when, ...addPiArgs(second)])
  if (code === 0) return /^changes: (.*)$/m.exec(stderr)?.[1]?.split(' ') ?? []
  if (code !== undefined && code !== sigkill) throw new Error(`ended with ${code}: ${stderr}`)
  return 'killed'
}

/** Before each change, and in the middle of those that take their time: a put is one rename. */
function moments(changes: readonly string[]): string[] {
  return changes.flatMap((change, index) =>
    change === 'put' ? [`${index + 1}`] : [`${index + 1}`, `${index + 1}mid`],
  )
}

async function removeAgain(): Promise<void> {
  expect(await lab.pifarm(['remove-pi', second.name, '--purge', '--yes'])).toMatchObject({
    code: 0,
  })
}

test('kill -9 at every step of add-pi: the next run leaves the NAS as before or complete', async () => {
  const before = await nasState(lab)
  const changes = await killAt('0')
  if (changes === 'killed') throw new Error('killed without being asked to')
  expect(changes.length).toBeGreaterThan(20)
  expect(changes).toContain('cloneTree')
  await removeAgain()
  expect(differences(before, await nasState(lab))).toEqual([])
  let complete = 0

  for (const when of moments(changes)) {
    expect(await killAt(when), `at ${when}`).toBe('killed')
    expect(await lab.pifarm(['apply', '--yes']), `after ${when}`).toMatchObject({ code: 0 })
    if ((await lab.pifarm(['list', '--json'])).stdout.includes(second.name)) {
      complete += 1
      expect((await lab.pifarm(['plan', '--exit-code'])).code, `after ${when}`).toBe(0)
      await removeAgain()
    }
    expect(differences(before, await nasState(lab)), `after ${when}`).toEqual([])
  }

  // Only a kill in the middle of the very last rename may come too late to be taken back.
  expect(complete).toBeLessThanOrEqual(2)
  await addPi(lab, second)
  const { stopped } = await lab.boot(second)
  expect(stopped).toBeUndefined()
}, 600_000)
