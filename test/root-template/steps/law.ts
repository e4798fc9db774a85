import { expect } from 'vitest'
import type { Step, TemplateWishes } from '../../../src/root-template/step.ts'
import type { FakeTree } from '../../support/fake-tree.ts'

export const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample ben@desk'

export const wishes: TemplateWishes = {
  name: 'template',
  sshKeys: [key],
  user: 'pi',
  passwordHash: undefined,
  packages: [],
  media: undefined,
  controller: undefined,
  dns: ['10.77.0.1'],
  nas: '10.77.0.1',
}

/**
 * What every step has to keep on a tree that breaks its rule: looking changes nothing, mending
 * leaves nothing to find, and mending again changes nothing. Answers what was found and done.
 */
export async function mends(
  step: Step,
  tree: FakeTree,
  wished: Partial<TemplateWishes> = {},
): Promise<{ readonly problems: readonly string[]; readonly changes: readonly string[] }> {
  const all = { ...wishes, ...wished }
  const before = tree.snapshot()
  const problems = await step.inspect(tree, all)
  expect(problems).not.toEqual([])
  expect(tree.snapshot()).toEqual(before)
  const changes = await step.mend(tree, all)
  expect(changes).not.toEqual([])
  expect(await step.inspect(tree, all)).toEqual([])
  const after = tree.snapshot()
  expect(await step.mend(tree, all)).toEqual([])
  expect(tree.snapshot()).toEqual(after)
  return { problems, changes }
}

/** A tree that keeps the rule is neither found wanting nor changed. */
export async function leavesAlone(
  step: Step,
  tree: FakeTree,
  wished: Partial<TemplateWishes> = {},
): Promise<void> {
  const all = { ...wishes, ...wished }
  const before = tree.snapshot()
  expect(await step.inspect(tree, all)).toEqual([])
  expect(await step.mend(tree, all)).toEqual([])
  expect(tree.snapshot()).toEqual(before)
}

/** The paths whose entries a step changed, made or removed. */
export async function touchedBy(
  step: Step,
  tree: FakeTree,
  wished: Partial<TemplateWishes> = {},
): Promise<readonly string[]> {
  const before = tree.snapshot()
  await step.mend(tree, { ...wishes, ...wished })
  const after = tree.snapshot()
  const paths = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...paths].filter((path) => before[path] !== after[path]).sort()
}
