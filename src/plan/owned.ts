import { exitCodes, UserError } from '../errors.ts'
import type { Farm } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import type { Put } from './change.ts'

const fileOf = (farm: Farm) => `${farm.paths.state}/owned.json`

/** The trees that earlier runs made: nothing else is ever removed. */
export async function readOwned(nas: Reader, farm: Farm): Promise<ReadonlySet<string>> {
  const entry = await nas.read(fileOf(farm))
  if (entry?.kind !== 'file') return new Set()
  return new Set(listed(entry.text, fileOf(farm)).filter((path) => isOurs(path, farm)))
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

function listed(text: string, file: string): readonly string[] {
  try {
    const paths: unknown = JSON.parse(text)
    if (Array.isArray(paths) && paths.every((path) => typeof path === 'string')) return paths
  } catch {
    // Said below.
  }
  throw new UserError(`${file} is damaged`, {
    hint: 'it lists the trees that pifarm made, as a JSON array of paths; mend it from a backup',
    exitCode: exitCodes.needsHands,
  })
}

/** A guard on top: a listed path counts only right inside the directories pifarm works in. */
function isOurs(path: string, { paths }: Farm): boolean {
  const parent = path.slice(0, path.lastIndexOf('/'))
  return (
    [paths.roots, paths.tftp, `${paths.tftp}/templates`].includes(parent) && !/\/\.*$/.test(path)
  )
}
