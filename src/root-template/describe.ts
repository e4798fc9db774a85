import { aboutTree } from './about-tree.ts'
import type { BuildRequest, BuildTools } from './build.ts'
import type { Manifest } from './manifest.ts'
import type { Fetched } from './source.ts'
import type { Tree } from './tree.ts'

interface Built {
  readonly tree: Tree
  readonly fetched: Fetched
  readonly done: readonly StepResult[]
  readonly hooks: readonly string[]
}

/** What a step has said of itself. */
export type StepResult = Manifest['steps'][number]

/** What was built, for whoever asks later what a template is made of. */
export async function describe(
  { nas, now }: Pick<BuildTools, 'nas' | 'now'>,
  { source, wishes, steps, builder }: BuildRequest,
  { tree, fetched, done, hooks }: Built,
): Promise<Manifest> {
  const about = await aboutTree(tree)
  const remaining: string[] = []
  for (const step of steps) remaining.push(...(await step.inspect(tree, wishes)))
  const { stdout: used } = await nas.ask(['du', '-sxB1', tree.top])
  return {
    name: wishes.name,
    built: now().toISOString(),
    builder,
    source: {
      kind: source.kind,
      description: source.description,
      sha256: fetched.sha256,
      notes: [...fetched.notes],
    },
    architecture: about.architecture,
    release: about.release,
    kernels: [...about.kernels],
    bytes: Number.parseInt(used, 10) || 0,
    steps: done.filter(({ changes }) => changes.length > 0),
    remaining,
    hooks: [...hooks],
    packages: [...about.packages],
  }
}
