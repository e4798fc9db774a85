import { describe, expect, test } from 'vitest'
import { lineSteps } from '../../src/ui/show-steps.ts'

function shown() {
  const written: string[] = []
  return { written, steps: lineSteps(['clone A', 'restart'], (text) => void written.push(text)) }
}

test('on a terminal, a part that nobody can measure is named alone', async () => {
  const written: string[] = []
  const steps = lineSteps(
    ['Packages'],
    (text) => void written.push(text),
    () => 80,
  )
  steps.start(0)
  steps.at(0, { done: 0, total: 0, of: 'percent', part: 'reading the lists' })
  expect(written.at(-1)).toBe('\r\u001b[KPackages: reading the lists')
  await steps.end()
})

describe('steps without a terminal', () => {
  test('one line a step', async () => {
    const { written, steps } = shown()
    steps.start(0)
    steps.at(0, { done: 5, total: 10 })
    steps.done(0)
    steps.start(1)
    steps.done(1)
    await steps.end()
    expect(written.join('')).toBe('clone A ... done\nrestart ... done\n')
  })

  test('a failure says why, and cannot steer the terminal', async () => {
    const { written, steps } = shown()
    steps.start(0)
    steps.fail(0, 'line 3\n\u001b[2J')
    await steps.end()
    expect(written.join('')).toBe('clone A ... failed: line 3\n\\e[2J\n')
  })

  test('a step that was broken off does not look done', async () => {
    const { written, steps } = shown()
    steps.start(0)
    await steps.end()
    expect(written.join('')).toBe('clone A ... not done\n')
  })
})
