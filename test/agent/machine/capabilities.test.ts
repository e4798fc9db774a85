import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { knownCapabilities, type ProbeOrder } from '../../../src/agent/machine/capabilities.ts'
import { scratchDir } from '../mux/mux-here.ts'
import { x264 } from '../mux/x264.ts'

const machine = { ffmpeg: 'ffmpeg version 5', encoders: [x264], decoders: [], troubles: [] }

/** An agent whose trial answers as told, and counts how often it was asked. */
async function trial(answer: string) {
  const dir = await scratchDir()
  const asked = join(dir, 'asked')
  await writeFile(asked, '')
  const program = join(dir, 'agent.sh')
  await writeFile(join(dir, 'answer'), answer)
  await writeFile(program, `echo "$*" >> '${asked}'; cat '${join(dir, 'answer')}'\n`)
  const order: ProbeOrder = {
    stateDir: join(dir, 'state'),
    serial: '12345678',
    hardwareDecoding: false,
    self: ['sh', program],
  }
  const times = () =>
    readFileSync(asked, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  return { dir, order, times, answers: (text: string) => writeFile(join(dir, 'answer'), text) }
}

test('what works is tried once, and anew where board or boot options are others', async () => {
  const { order, times } = await trial(JSON.stringify({ machine }))
  expect(await knownCapabilities(order)).toEqual(machine)
  expect(await knownCapabilities(order)).toEqual(machine)
  expect(times()).toEqual(['probe --json'])
  await knownCapabilities({ ...order, serial: '87654321' })
  expect(times()).toHaveLength(2)
  await knownCapabilities({ ...order, serial: '87654321', hardwareDecoding: true })
  expect(times().at(-1)).toBe('probe --json --hwdec')
})

test('a machine on which nothing works is tried again at each start', async () => {
  const nothing = { ...machine, encoders: [], troubles: ['ffmpeg cannot be run'] }
  const { order, times, answers } = await trial(JSON.stringify({ machine: nothing }))
  expect(await knownCapabilities(order)).toEqual(nothing)
  await answers(JSON.stringify({ machine }))
  expect(await knownCapabilities(order)).toEqual(machine)
  expect(times()).toHaveLength(2)
})

test.each(['', 'garbage', '{"key":"x"}', '{"machine":{}}'])(
  'kept as %j it is tried anew',
  async (text) => {
    const { order, times } = await trial(JSON.stringify({ machine }))
    await knownCapabilities(order)
    await writeFile(join(order.stateDir, 'capabilities.json'), text)
    expect(await knownCapabilities(order)).toEqual(machine)
    expect(times()).toHaveLength(2)
  },
)

test('a trial that breaks off says so, and the agent lives', async () => {
  const { order } = await trial('{"machine":')
  expect(await knownCapabilities(order)).toMatchObject({
    encoders: [],
    troubles: [expect.stringMatching(/^the trial of the encoders failed/)],
  })
})
