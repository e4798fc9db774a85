import { UserError } from '../errors.ts'
import { type Farm, templateRoot } from '../farm/farm.ts'
import { type Host, type Reader, unfinishedOf } from '../host/host.ts'
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
    const done = `deleted what was left of ${name}, whose build or removal was cut off`
    // The tree and its scratch are one to a person, and deleted only when both are.
    lines.set(name, failure ?? lines.get(name) ?? done)
  }
  return [...lines.values()]
}

/** What could not be deleted has the place that a build, or a removal, of that template needs. */
export async function refuseLeft(nas: Reader, farm: Farm, name: string): Promise<void> {
  const left = unfinishedOf(templateRoot(farm, name))
  if ((await nas.read(left)) === undefined) return
  throw new UserError(
    `${left} is in the way: what a build or removal that was cut off has left there cannot be deleted`,
    { hint: `see why, and delete it: rm -r --one-file-system ${left}` },
  )
}

/** Answers what is in the way: of no command that has other things to do. */
export async function removeUnfinished(
  nas: Host,
  farm: Farm,
  name: string,
  path: string,
): Promise<string | undefined> {
  // Cut off between its manifest and its root, whichever came first: no such template is there.
  if ((await nas.read(templateRoot(farm, name))) === undefined)
    await forgetTemplate(nas, farm, name)
  return await deleteOrTell(nas, path)
}

/** Answers why not all of it could be deleted, which is no reason to hide how something else went. */
export async function deleteOrTell(nas: Host, path: string): Promise<string | undefined> {
  try {
    await nas.removeTree(path)
    return undefined
  } catch (error) {
    const [why = ''] = error instanceof Error ? error.message.split('\n') : []
    return `cannot delete all of ${path}, the next run tries again: ${why}`
  }
}
