import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { allSteps } from '../../src/root-template/steps/all.ts'

const page = readFileSync(new URL('../../docs/template-rules.md', import.meta.url), 'utf8')

test('docs/template-rules.md explains every rule, in the order of the steps, and no other', () => {
  const rules = page.split(/^## /m).slice(1)
  const said = rules.map((rule) => rule.replace(/\s+/g, ' ').trim())
  expect(said).toEqual(
    allSteps.map(({ id, title, why, cure }) => `${id} ${title}. Why: ${why}. Mended: ${cure}.`),
  )
})

test('no two rules have one id', () => {
  expect(new Set(allSteps.map(({ id }) => id)).size).toBe(allSteps.length)
})
