import { type Farm, nfsPorts as ports } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import type { Put } from '../plan/change.ts'
import { render } from '../render.ts'
import { fileShouldBe } from './file-should-be.ts'
import { setOptions, type WantedOption } from './shell-variable.ts'

const port = (value: number): WantedOption => ({ long: '--port', short: '-p', value })

/** Read by Debian up to 11, and only shown to people since then. */
export const daemonOptions = [
  {
    file: '/etc/default/nfs-kernel-server',
    variable: 'RPCMOUNTDOPTS',
    wanted: [port(ports.mountd)],
  },
  {
    file: '/etc/default/nfs-common',
    variable: 'STATDOPTS',
    wanted: [
      port(ports.statd),
      { long: '--outgoing-port', short: '-o', value: ports.statdOutgoing },
    ],
  },
] as const
const modprobeConf = '/etc/modprobe.d/pifarm-nfs.conf'

const why = 'fixed ports that the firewall can open'

interface PinnedPorts {
  /** Where there are any, this run restarts the NFS server, and with it all exports are read again. */
  readonly changes: readonly Put[]
  /** Debian up to 11 reads /etc/default, and no nfs.conf.d. */
  readonly isOld: boolean
}

/** What pins mountd, statd and lockd to their ports. */
export async function pinPorts(farm: Farm, nas: Reader): Promise<PinnedPorts> {
  if (await readsEtcDefault(nas)) return { changes: await oldChanges(nas), isOld: true }
  const conf = { path: farm.paths.nfs_conf, text: portSettings(), isOurs: true, why }
  return { changes: await fileShouldBe(nas, conf), isOld: false }
}

/** nfs.conf(5) as pifarm wants it. */
export function portSettings(): string {
  return render('nfs-ports/pifarm.conf.hbs', ports)
}

async function readsEtcDefault(nas: Reader): Promise<boolean> {
  // /etc/os-release is a link on Debian.
  const release =
    (await textOf(nas, '/etc/os-release')) ?? (await textOf(nas, '/usr/lib/os-release'))
  const id = /^ID="?([a-z]+)/m.exec(release ?? '')?.[1]
  const version = Number(/^VERSION_ID="?(\d+)/m.exec(release ?? '')?.[1] ?? Number.NaN)
  return (id === 'debian' || id === 'raspbian') && version <= 11
}

async function oldChanges(nas: Reader): Promise<readonly Put[]> {
  const changes: Put[] = []
  for (const { file, variable, wanted } of daemonOptions) {
    const text = setOptions((await textOf(nas, file)) ?? '', file, variable, wanted)
    changes.push(...(await fileShouldBe(nas, { path: file, text, why })))
  }
  const text = render('nfs-ports/modprobe.conf.hbs', ports)
  return [...changes, ...(await fileShouldBe(nas, { path: modprobeConf, text, why }))]
}

export async function textOf(nas: Reader, path: string): Promise<string | undefined> {
  const entry = await nas.read(path)
  return entry?.kind === 'file' ? entry.text : undefined
}
