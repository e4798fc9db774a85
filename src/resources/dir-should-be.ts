import type { Reader } from '../host/host.ts'
import type { Put } from '../plan/change.ts'

/**
 * The changes that make a directory, with those above it that are missing (0755). A directory that
 * is there keeps its mode: a person may have set it.
 */
export async function dirShouldBe(
  nas: Reader,
  path: string,
  mode: number,
  why: string,
): Promise<Put[]> {
  if (path === '' || (await nas.read(path)) !== undefined) return []
  const above = await dirShouldBe(nas, path.slice(0, path.lastIndexOf('/')), 0o755, why)
  return [...above, { kind: 'put', path, before: undefined, after: { kind: 'dir', mode }, why }]
}
