import { createHash } from 'node:crypto'
import type { Farm, Pi } from '../../farm/farm.ts'
import type { FileEntry, Reader } from '../../host/host.ts'
import type { Put } from '../../plan/change.ts'
import type { Fresh } from '../fresh.ts'

/**
 * What makes a clone a machine of its own. It is kept in a vault on the NAS, so that a Pi that is
 * removed and added again is still the machine that everybody's known_hosts knows.
 */
export interface Identity {
  /** By file name: `machine-id`, `ssh_host_ed25519_key`, `ssh_host_ed25519_key.pub`, ... */
  readonly files: ReadonlyMap<string, FileEntry>
  /** What lays them into the vault. Empty: they are there already. */
  readonly changes: readonly Put[]
}

export const keyTypes = ['ed25519', 'ecdsa'] as const

const machineIdFile = 'machine-id'
/** What the muxer agent of the Pi shows to the controller. */
export const tokenFile = 'agent.token'
/** What the controller knows of it: with it nobody can pass for the Pi. */
export const tokenHashFile = 'agent.token.sha256'

/** The vault of a whole farm. */
export function vaultOf(farm: Farm): string {
  return `${farm.paths.state}/identity`
}

export function publicKeyFile(type: (typeof keyTypes)[number]): string {
  return `${privateKeyFile(type)}.pub`
}

function privateKeyFile(type: (typeof keyTypes)[number]): string {
  return `ssh_host_${type}_key`
}

/** The identity of a Pi that is about to get a root: what the vault holds, the rest made new. */
export async function identityOf(farm: Farm, nas: Reader, fresh: Fresh, pi: Pi): Promise<Identity> {
  const dir = `${vaultOf(farm)}/${pi.name}`
  const kept = await readVault(nas, dir)
  const made = await missingFiles(kept, fresh, pi)
  return {
    files: new Map([...kept, ...made]),
    changes: [
      ...(await vaultDirs(farm, nas, dir, pi)),
      ...[...made].map(([name, after]) => ({
        kind: 'put' as const,
        path: `${dir}/${name}`,
        before: kept.get(name),
        after,
        why: `the identity of ${pi.name}`,
        secret: after.mode === 0o600,
      })),
    ],
  }
}

/** What removes the identities of Pis that leave for good. */
export async function forget(
  farm: Farm,
  nas: Reader,
  names: readonly string[],
): Promise<readonly Put[]> {
  const vault = vaultOf(farm)
  const inVault = new Set((await nas.list(vault))?.keys())
  const gone = names.filter((name) => inVault.delete(name))
  const dirs = gone.map((name) => `${vault}/${name}`)
  if (gone.length > 0 && inVault.size === 0) dirs.push(vault)
  const changes: Put[] = []
  for (const dir of dirs) {
    const names = dir === vault ? [] : [...((await nas.list(dir))?.keys() ?? [])]
    for (const path of [...names.map((name) => `${dir}/${name}`), dir])
      changes.push({
        kind: 'put',
        path,
        before: await nas.read(path),
        after: undefined,
        why: 'a Pi that was removed for good keeps no identity',
        secret: path !== dir,
      })
  }
  return changes
}

/** What the vault holds of one Pi. */
export async function readVault(nas: Reader, dir: string): Promise<Map<string, FileEntry>> {
  const found = new Map<string, FileEntry>()
  for (const name of (await nas.list(dir))?.keys() ?? []) {
    const entry = await nas.read(`${dir}/${name}`)
    if (entry?.kind === 'file') found.set(name, entry)
  }
  return found
}

async function missingFiles(
  kept: ReadonlyMap<string, FileEntry>,
  fresh: Fresh,
  pi: Pi,
): Promise<Map<string, FileEntry>> {
  const made = new Map<string, FileEntry>()
  if (!kept.has(machineIdFile)) made.set(machineIdFile, file(`${fresh.machineId()}\n`, 0o444))
  for (const type of keyTypes) {
    // Half a pair is no pair.
    if (kept.has(privateKeyFile(type)) && kept.has(publicKeyFile(type))) continue
    const { privateKey, publicKey } = await fresh.hostKey(type, `root@${pi.name}`)
    made.set(privateKeyFile(type), file(privateKey, 0o600))
    made.set(publicKeyFile(type), file(`${publicKey.trimEnd()}\n`, 0o644))
  }
  if (!kept.has(tokenFile) || !kept.has(tokenHashFile)) {
    const token = fresh.token()
    const hash = createHash('sha256').update(token).digest('hex')
    made.set(tokenFile, file(`${token}\n`, 0o600))
    made.set(tokenHashFile, file(`${hash}\n`, 0o644))
  }
  return made
}

async function vaultDirs(farm: Farm, nas: Reader, dir: string, pi: Pi): Promise<Put[]> {
  const after = { kind: 'dir', mode: 0o700 } as const
  const why = `the identity of ${pi.name}`
  const dirs: Put[] = []
  // The state directory above is made with the lock, before any change.
  for (const path of [vaultOf(farm), dir])
    if ((await nas.read(path)) === undefined)
      dirs.push({ kind: 'put', path, before: undefined, after, why })
  return dirs
}

function file(text: string, mode: number): FileEntry {
  return { kind: 'file', text, encoding: 'utf8', mode, uid: 0, gid: 0 }
}
