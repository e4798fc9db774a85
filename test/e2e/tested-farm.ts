import { afterAll, beforeAll, beforeEach, onTestFailed } from 'vitest'
import { first, second } from './boards.ts'
import { FarmBox, tell } from './farm-box.ts'

/**
 * The farm of one test file, with a new disk. Each test goes on where the one before ended: a machine
 * is too dear to be thrown away.
 */
export function testedFarm(): FarmBox {
  const farm = new FarmBox([first, second])
  beforeAll(() => farm.open())
  beforeEach(() => onTestFailed(async () => tell(await farm.lastWords())))
  afterAll(async () => {
    tell(`\n${farm.timeline.join('\n')}`)
    await farm.close()
  })
  return farm
}
