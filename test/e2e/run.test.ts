import { join } from 'node:path'
import { execa } from 'execa'
import { expect, test } from 'vitest'

// Refused before anything is set up: what is asked for was read, however it was written.
test.each([
  { args: ['--pi', 'pi5'], said: 'pi5' },
  { args: ['--pi=pi5'], said: 'pi5' },
  { args: ['story', '--pi=pi5', '-t', 'boots'], said: 'pi5' },
  { args: ['--pi='], said: '' },
  { args: ['story', '--pi'], said: '' },
])('$args: there is no such Pi', async ({ args, said }) => {
  const run = join(import.meta.dirname, 'run.js')
  const { exitCode, stderr } = await execa('node', [run, ...args], { reject: false })
  expect([exitCode, stderr]).toEqual([2, `e2e: --pi ${said}: there is uml and raspi3b`])
})
