import { UserError } from '../errors.ts'
import { needPrograms } from '../host/need-programs.ts'
import type { Look, Resource } from '../resources/resource.ts'

/** How one part of the NAS stands against farm.yaml. */
export interface Health {
  readonly part: string
  /**
   * How many changes and reloads `apply` would make. Undefined where nobody can say: the NAS is half
   * done and about to be put back, or no plan can be made.
   */
  readonly pending: number | undefined
  /** What is not as it should be: a probe that is not content, or why no plan can be made. */
  readonly wrong: readonly string[]
  /** What keeps Pis from booting and is not pifarm's to change. */
  readonly warnings: readonly string[]
}

/**
 * Asks every part whether it serves what farm.yaml says and, unless the NAS is half done, what it
 * wants done. Looks only.
 */
export async function healthOf(
  look: Look,
  resources: readonly Resource[],
  { isHalfDone }: { readonly isHalfDone: boolean },
): Promise<Health[]> {
  return await Promise.all(resources.map((resource) => healthOfOne(look, resource, isHalfDone)))
}

const unknown = { pending: undefined, warnings: [] } as const

async function healthOfOne(look: Look, resource: Resource, isHalfDone: boolean): Promise<Health> {
  const { farm, nas } = look
  const part = resource.name
  const wrong: string[] = []
  try {
    await needPrograms(nas, resource.needs(farm))
    for (const { look } of resource.probes(farm)) {
      const line = await look(nas)
      if (line !== undefined) wrong.push(line)
    }
    if (isHalfDone) return { part, ...unknown, wrong }
    const { changes, reloads, warnings } = await resource.plan(look)
    return { part, pending: changes.length + reloads.length, wrong, warnings }
  } catch (error) {
    // One part that cannot be looked at, for want of a template say, hides no other.
    if (!(error instanceof UserError)) throw error
    const hint = error.hint === undefined ? '' : ` (${error.hint})`
    return { part, ...unknown, wrong: [...wrong, `${error.message}${hint}`] }
  }
}
