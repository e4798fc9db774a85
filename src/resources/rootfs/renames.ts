import { UserError } from '../../errors.ts'
import type { FileEntry, Reader } from '../../host/host.ts'
import type { Change, Put } from '../../plan/change.ts'
import type { Look } from '../resource.ts'
import { type Identity, readVault, vaultOf } from './identity.ts'

/** In characters: a Pi may make its hosts as long as its disk, and all of it would go into the journal. */
const longest = 65_536

/** A Pi that gets another name: its root and its identity move, with all that it wrote. */
export interface Rename {
  readonly from: string
  readonly to: string
  readonly identity: Identity
  readonly changes: readonly Change[]
  readonly warnings: readonly string[]
}

/** Those of the run whose root is there; one without a root is cloned like a new one. */
export async function renamesOf(
  { farm, nas, renamed, owned }: Look,
  present: ReadonlyMap<string, unknown>,
): Promise<Rename[]> {
  const renames: Rename[] = []
  for (const [to, from] of renamed ?? []) {
    const root = `${farm.paths.roots}/${from}`
    if (!present.has(from) || !owned.has(root)) continue
    if (present.has(to))
      throw new UserError(`${farm.paths.roots}/${to} exists`, {
        hint: 'move it away, or give the Pi another name',
      })
    const [vault, why] = [vaultOf(farm), `${from} is renamed to ${to}`]
    const files = await readVault(nas, `${vault}/${from}`)
    const inside = await namesInside(nas, root, { from, to, why })
    const move = (dir: string) =>
      ({ kind: 'move-tree', from: `${dir}/${from}`, to: `${dir}/${to}`, why }) as const
    renames.push({
      from,
      to,
      identity: { files, changes: [] },
      // The files while the root has its old name: what a plan saw of them is judged by their path.
      changes: [...inside, move(farm.paths.roots), ...(files.size > 0 ? [move(vault)] : [])],
      warnings: inside.some(({ path }) => path.endsWith('/etc/hostname'))
        ? []
        : [`${root}/etc/hostname is no plain file: the Pi itself keeps the name ${from}`],
    })
  }
  return renames
}

/**
 * Its own hostname and hosts, the one thing that is ever written into a root after it was cloned:
 * only plain files in a plain directory, read and written below the root, for the Pi may plant a link
 * meanwhile.
 */
async function namesInside(
  nas: Reader,
  root: string,
  { from, to, why }: { readonly from: string; readonly to: string; readonly why: string },
): Promise<Put[]> {
  const word = new RegExp(`(?<![\\w.-])${from}(?![\\w-])`, 'gi')
  const texts: [string, (text: string) => string][] = [
    [`${root}/etc/hostname`, () => `${to}\n`],
    [`${root}/etc/hosts`, (text) => text.replace(word, to)],
  ]
  const puts: Put[] = []
  for (const [path, edit] of texts) {
    const before = await nas.readBelow(root, path)
    if (before?.kind !== 'file' || before.text.length > longest) continue
    const after: FileEntry = { ...before, text: edit(before.text) }
    if (after.text !== before.text)
      puts.push({ kind: 'put', path, before, after, below: root, why })
  }
  return puts
}
