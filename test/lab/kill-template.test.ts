import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Lab } from './lab.ts'
import { layTemplate } from './lab-template.ts'
import { startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

const killed = fileURLToPath(new URL('killed-pifarm.js', import.meta.url))
const root = '/mnt/PiRoots/old'
const state = '/var/lib/pifarm/templates'

let lab: Lab
beforeAll(async () => {
  lab = await startFarm()
}, 60_000)
afterAll(async () => await lab?.stop())

/** Runs `template remove` and kills it. Answers the changes it made where it ended first. */
async function killAt(when: string): Promise<readonly string[] | 'killed'> {
  const argv = [process.execPath, killed, when, 'template', 'remove', 'old', '--yes']
  const { code, stderr } = await lab.nas(argv)
  if (code === 0) return /^changes: (.*)$/m.exec(stderr)?.[1]?.split(' ') ?? []
  return 'killed'
}

/** A template as a build leaves it. */
async function layOld(): Promise<void> {
  await lab.must(['rm', '-rf', root])
  await layTemplate(lab, 'old')
  await lab.must([
    'sh',
    '-c',
    `mkdir -p ${state}; echo {} >${state}/old.json; echo apt >${state}/old.log`,
  ])
}

test('kill -9 at every step of template remove: the next run leaves it whole, or nothing of it', async () => {
  await lab.must(['mkdir', '-p', state])
  const without = await nasState(lab)
  await layOld()
  const whole = await nasState(lab)
  const changes = await killAt('0')
  if (changes === 'killed') throw new Error('killed without being asked to')
  expect(changes.slice(-4)).toEqual(['moveTree', 'put', 'put', 'removeTree'])
  expect(differences(without, await nasState(lab))).toEqual([])

  const seen = new Set<string>()
  for (const [index] of changes.entries())
    for (const when of [`${index + 1}`, `${index + 1}mid`]) {
      await layOld()
      expect(await killAt(when), `at ${when}`).toBe('killed')
      const next = await lab.pifarm(['apply', '--yes'])
      expect(next.code, `after ${when}`).toBe(0)
      const isThere = (await lab.nas(['test', '-e', root])).code === 0
      expect(differences(isThere ? whole : without, await nasState(lab)), when).toEqual([])
      seen.add(
        `${isThere ? 'whole' : 'gone'}${next.stderr.includes('left of old') ? ', told' : ''}`,
      )
    }
  expect([...seen].sort()).toEqual(expect.arrayContaining(['gone, told', 'whole']))
}, 600_000)
