import { afterAll, beforeAll, beforeEach, onTestFailed } from 'vitest'
import { first, second } from './boards.ts'
import { EmulatedFarm, tell } from './emulated-farm.ts'
import { emulationOfThisRun } from './emulation.ts'

/**
 * The farm of one test file, with a new disk. Each test goes on where the one before ended: a machine
 * is too dear to be thrown away. The words are for the kernel command line of its Pis.
 */
export function farmOfThisFile(...words: readonly string[]): EmulatedFarm {
  const farm = new EmulatedFarm([first, second], emulationOfThisRun(), words)
  beforeAll(() => farm.open())
  beforeEach(() => onTestFailed(async () => tell(await farm.lastWords())))
  afterAll(async () => {
    tell(`\n${farm.timeline.join('\n')}`)
    await farm.close()
  })
  return farm
}
