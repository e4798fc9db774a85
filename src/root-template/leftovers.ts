import { type Farm, templateRoot } from '../farm/farm.ts'
import type { Host } from '../host/host.ts'
import { forgetTemplate } from './manifest.ts'

/** Where a source keeps what it needs only while it fetches. */
export function scratchOf(into: string): string {
  return `${into}.scratch`
}

/**
 * Removes what builds, clones and removals of templates that were cut off have left beside the
 * roots. The caller holds the lock, so nobody is at work on any of them. Answers a line for each.
 */
export async function cleanLeftovers(nas: Host, farm: Farm): Promise<readonly string[]> {
  const { roots } = farm.paths
  const lines = new Map<string, string>()
  for (const entry of (await nas.list(roots))?.keys() ?? []) {
    const name = /^\.(.+)\.pifarm-new(?:\.scratch)?$/.exec(entry)?.[1]
    if (name === undefined) continue
    const failure = await removeUnfinished(nas, farm, name, `${roots}/${entry}`)
    lines.set(
      name,
      failure ?? `deleted what was left of ${name}, whose build or removal was cut off`,
    )
  }
  return [...lines.values()]
}

/** Answers what is in the way: of no command that has other things to do. */
export async function removeUnfinished(
  nas: Host,
  farm: Farm,
  name: string,
  path: string,
): Promise<string | undefined> {
  try {
    // Cut off between its manifest and its root, whichever came first: no such template is there.
    if ((await nas.read(templateRoot(farm, name))) === undefined)
      await forgetTemplate(nas, farm, name)
    await nas.removeTree(path)
    return undefined
  } catch (error) {
    const [why = ''] = error instanceof Error ? error.message.split('\n') : []
    return `cannot delete all of ${path}, the next run tries again: ${why}`
  }
}
