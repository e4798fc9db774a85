import type { Report } from '../ui/ui.ts'
import type { Stages } from './stages.ts'
import type { Step, TemplateWishes } from './step.ts'
import { allSteps } from './steps/all.ts'
import type { Tree } from './tree.ts'

/** A rule that a root filesystem breaks, or has something to say about. */
export interface Finding {
  readonly step: Step
  /** What is wrong, one line each. */
  readonly problems: readonly string[]
  /** What is neither wrong nor to be mended, one line each. */
  readonly notes: readonly string[]
}

/** What a step has changed. */
export interface Mended {
  readonly step: Step
  readonly changes: readonly string[]
}

/** A template is cloned; a root is one Pi's own, and right to have an identity. */
export type Kind = 'template' | 'root'

/** Judges a root filesystem by every rule. Only looks; rules with nothing to say are left out. */
export async function lint(
  tree: Tree,
  wishes: TemplateWishes,
  kind: Kind,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const step of rulesFor(kind)) {
    const problems = await step.inspect(tree, wishes)
    const notes = (await step.notes?.(tree, wishes)) ?? []
    if (problems.length > 0 || notes.length > 0) findings.push({ step, problems, notes })
  }
  return findings
}

/**
 * Mends what can be mended, `lint --fix`. What a person has to mend is left to the next `lint`. What
 * each step has changed is handed on at once: where a later one fails, it stays.
 */
export async function fix(
  tree: Tree,
  wishes: TemplateWishes,
  kind: Kind,
  onMended: (mended: Mended) => void,
  stages?: Stages,
): Promise<void> {
  for (const step of rulesFor(kind)) {
    const mend = (report?: Report) => step.mend(tree, wishes, report)
    const changes = await (stages ? stages.stage(mend) : mend())
    if (changes.length > 0) onMended({ step, changes })
  }
}

/** The rules that are right for it, in the order in which they are mended. */
export function rulesFor(kind: Kind): readonly Step[] {
  return allSteps.filter(({ templateOnly }) => kind === 'template' || !templateOnly)
}
