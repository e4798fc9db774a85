import type { TemplateWishes } from '../../step.ts'
import type { Tree } from '../../tree.ts'

/** One thing that the agent needs to run: looked at and mended as a step is, apart from the others. */
export interface Part {
  judge(tree: Tree, wishes: TemplateWishes): Promise<readonly string[]>
  mend(tree: Tree, wishes: TemplateWishes): Promise<string>
}
