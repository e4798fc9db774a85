import { quoted, UserError } from '../../errors.ts'
import { type Farm, rootOf } from '../../farm/farm.ts'
import type { ExportFact } from './export-facts.ts'

/**
 * Refuses a root that a person exports to the very same Pi: exportfs takes whichever line comes
 * first and ends with an error for both.
 */
export function refuseClashes(farm: Farm, facts: readonly ExportFact[]): void {
  const addresses = new Map(farm.pis.map((pi) => [rootOf(farm, pi), pi.address as string]))
  for (const { path, client, file, line } of facts) {
    if (addresses.get(path) !== withoutMask(client)) continue
    throw new UserError(
      `${quoted(path)} is already exported to ${quoted(client)} at ${file}:${line}`,
      { hint: 'take that line out: pifarm exports the root itself' },
    )
  }
}

/** Exports by hand that let others than the Pi itself into its root: pifarm leaves them. */
export function openRoots(farm: Farm, facts: readonly ExportFact[]): string[] {
  const roots = new Set(farm.pis.map((pi) => rootOf(farm, pi)))
  return facts.flatMap(({ path, client, file, line }) => {
    const whose = `${file}:${line} exports ${quoted(path)} to ${quoted(client)}`
    if (roots.has(path)) return `${whose}: others than that Pi can read its root`
    if (isWorld(client) && `${farm.paths.roots}/`.startsWith(path === '/' ? path : `${path}/`))
      return `${whose}: everybody can read the roots of all Pis`
    return []
  })
}

function isWorld(client: string): boolean {
  return client === '*' || /^0\.0\.0\.0\//.test(client)
}

function withoutMask(client: string): string {
  return client.replace(/\/(?:32|255\.255\.255\.255)$/, '')
}
