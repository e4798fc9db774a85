import type { Farm } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import type { Put } from './change.ts'

const fileOf = (farm: Farm) => `${farm.paths.state}/owned.json`

/** The trees that earlier runs made: nothing else is ever removed. */
export async function readOwned(nas: Reader, farm: Farm): Promise<ReadonlySet<string>> {
  const entry = await nas.read(fileOf(farm))
  if (entry?.kind !== 'file') return new Set()
  const paths = JSON.parse(entry.text) as readonly string[]
  return new Set(paths.filter((path) => isOurs(path, farm)))
}

/** The list's own change, so that it is put back and undone with the run that changed it. */
export async function ownedChange(
  nas: Reader,
  farm: Farm,
  owns: readonly string[],
): Promise<Put | undefined> {
  const path = fileOf(farm)
  const before = await nas.read(path)
  const text = `${JSON.stringify(owns.toSorted(), undefined, 1)}\n`
  if (before?.kind === 'file' ? before.text === text : owns.length === 0) return undefined
  return {
    kind: 'put',
    path,
    before,
    after: { kind: 'file', text, encoding: 'utf8', mode: 0o600, uid: 0, gid: 0 },
    why: 'which trees pifarm made and may remove',
  }
}

/** A guard on top: a listed path counts only right inside the directories pifarm works in. */
function isOurs(path: string, { paths }: Farm): boolean {
  const parent = path.slice(0, path.lastIndexOf('/'))
  return (
    [paths.roots, paths.tftp, `${paths.tftp}/templates`].includes(parent) && !/\/\.*$/.test(path)
  )
}
