import { UserError } from '../errors.ts'
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
  return await Promise.all(
    resources.map(async (resource) => {
      const wrong = await wrongWith(look, resource)
      const wanted = isHalfDone ? unknown : await wantedBy(look, resource)
      return { part: resource.name, ...wanted, wrong: [...wrong, ...wanted.wrong] }
    }),
  )
}

async function wrongWith({ farm, nas }: Look, resource: Resource): Promise<string[]> {
  const found = await Promise.all(resource.probes(farm).map((probe) => probe.look(nas)))
  return found.filter((line) => line !== undefined)
}

const unknown = { pending: undefined, wrong: [], warnings: [] } as const

async function wantedBy(look: Look, resource: Resource): Promise<Omit<Health, 'part'>> {
  try {
    const { changes, reloads, warnings } = await resource.plan(look)
    return { pending: changes.length + reloads.length, wrong: [], warnings }
  } catch (error) {
    // One part that cannot be planned, for want of a template say, hides no other.
    if (!(error instanceof UserError)) throw error
    return { ...unknown, wrong: [error.message] }
  }
}
