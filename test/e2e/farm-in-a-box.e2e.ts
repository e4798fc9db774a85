import { afterAll, beforeAll, beforeEach, describe, onTestFailed } from 'vitest'
import { first, second } from './boards.ts'
import { controls } from './controls.ts'
import { FarmBox, tell } from './farm-box.ts'
import { powerCut } from './power-cut.ts'
import { story } from './story.ts'

/** Each test goes on where the one before ended: a machine is too dear to be thrown away. */
const farm = new FarmBox([first, second])

beforeAll(() => farm.open())

afterAll(async () => {
  tell(`\n${farm.box.timeline.lines.join('\n')}`)
  await farm.box.close()
})

beforeEach(() => onTestFailed(async () => tell(await farm.box.lastWords())))

describe('from an empty NAS to two Pis', () => story(farm))
describe('one thing is wrong, and the boot ends where it is needed', () => controls(farm))
describe('the NAS loses its power', () => powerCut(farm))
