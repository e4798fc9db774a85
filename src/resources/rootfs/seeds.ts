import { UserError } from '../../errors.ts'
import type { Farm, Pi } from '../../farm/farm.ts'
import type { FileEntry, Reader, Seed } from '../../host/host.ts'
import { render } from '../../render.ts'
import { withoutLocalDisks } from '../../root-template/inside/fstab.ts'
import { type Identity, tokenFile, tokenHashFile } from './identity.ts'

/** What of a template a clone must not keep, looked up once however many Pis are cloned from it. */
export interface Inherited {
  readonly fstab: FileEntry | undefined
  /** Who may read the agent's configuration may read its token. */
  readonly agentOwner: { readonly uid: number; readonly gid: number }
  /** Relative to the root. */
  readonly unwanted: readonly string[]
}

/** Looks what a template holds that belongs to one machine only. */
export async function lookInherited(nas: Reader, root: string): Promise<Inherited> {
  const fstab = await nas.read(`${root}/etc/fstab`)
  const ssh = [...((await nas.list(`${root}/etc/ssh`))?.keys() ?? [])]
  const hostKeys = ssh.filter((name) => name.startsWith('ssh_host_'))
  // As a link to /etc/machine-id, which is the usual form, it is right in every clone.
  const dbus = (await nas.read(`${root}/var/lib/dbus/machine-id`))?.kind === 'file'
  const agent = await nas.read(`${root}/etc/pifarm-agent.json`)
  return {
    agentOwner: agent?.kind === 'file' ? { uid: agent.uid, gid: agent.gid } : { uid: 0, gid: 0 },
    fstab: fstab?.kind === 'file' ? fstab : undefined,
    unwanted: [
      ...hostKeys.map((name) => `etc/ssh/${name}`),
      ...(dbus ? ['var/lib/dbus/machine-id'] : []),
    ],
  }
}

/** What makes a clone this Pi: its names, its mounts, its keys. */
export function seedsFor(farm: Farm, pi: Pi, inherited: Inherited, identity: Identity): Seed[] {
  const { domain } = farm.network
  const { fstab } = inherited
  return [
    ...inherited.unwanted.map((path) => ({ path, entry: undefined })),
    { path: 'etc/hostname', entry: text(`${pi.name}\n`) },
    { path: 'etc/hosts', entry: text(render('rootfs/hosts.hbs', { name: pi.name, domain })) },
    ...(fstab === undefined
      ? []
      : [{ path: 'etc/fstab', entry: { ...fstab, text: withoutLocalDisks(fstab.text) } }]),
    ...[...identity.files].flatMap(([name, entry]) => seedOf(name, entry, inherited)),
  ]
}

/** Before anything is copied: no seed is written through a link, which could lead out of the copy. */
export async function refuseLinkedDirs(
  nas: Reader,
  root: string,
  seeds: readonly Seed[],
): Promise<void> {
  for (const dir of new Set(seeds.flatMap(({ path }) => dirsAbove(path)))) {
    const kind = (await nas.read(`${root}/${dir}`))?.kind ?? 'dir'
    if (kind !== 'dir')
      throw new UserError(`${root}/${dir} is no directory of the template's own`, {
        hint: 'pifarm writes into it for each Pi: make it a plain directory',
      })
  }
}

/** `etc` and `etc/ssh` of `etc/ssh/sshd_config`. */
function dirsAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

function seedOf(name: string, entry: FileEntry, { agentOwner }: Inherited): Seed[] {
  // The hash is for the controller alone.
  if (name === tokenHashFile) return []
  if (name === tokenFile)
    return [{ path: 'etc/pifarm-agent.token', entry: { ...entry, ...agentOwner, mode: 0o600 } }]
  const path = name === 'machine-id' ? 'etc/machine-id' : `etc/ssh/${name}`
  return [{ path, entry: { ...entry, uid: 0, gid: 0 } }]
}

function text(content: string): FileEntry {
  return { kind: 'file', text: content, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 }
}
