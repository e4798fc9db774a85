import type { Host } from '../host/host.ts'

/** Where a source keeps what it needs only while it fetches. */
export function scratchOf(into: string): string {
  return `${into}.scratch`
}

/**
 * Removes what builds and clones that were cut off have left beside the roots. The caller holds the
 * lock, so nobody is at work on any of them.
 */
export async function cleanLeftovers(nas: Host, roots: string): Promise<void> {
  for (const name of (await nas.list(roots))?.keys() ?? [])
    if (/^\..+\.pifarm-new(?:\.scratch)?$/.test(name)) await nas.removeTree(`${roots}/${name}`)
}
