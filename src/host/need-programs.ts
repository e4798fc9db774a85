import { UserError } from '../errors.ts'
import type { Reader } from './host.ts'

/** The Debian package that brings a program. */
const packages: Readonly<Record<string, string>> = {
  'apt-get': 'apt',
  'arch-test': 'arch-test',
  bzip2: 'bzip2',
  cat: 'coreutils',
  cp: 'coreutils',
  dhcpd: 'isc-dhcp-server',
  du: 'coreutils',
  exportfs: 'nfs-kernel-server',
  find: 'findutils',
  flock: 'util-linux',
  gzip: 'gzip',
  ip: 'iproute2',
  'iptables-restore': 'iptables',
  'iptables-save': 'iptables',
  lsblk: 'util-linux',
  mcopy: 'mtools',
  mdir: 'mtools',
  'mkfs.vfat': 'dosfstools',
  mktemp: 'coreutils',
  mmdebstrap: 'mmdebstrap',
  mount: 'mount',
  rm: 'coreutils',
  rpcinfo: 'rpcbind',
  setpriv: 'util-linux',
  sfdisk: 'fdisk',
  sh: 'dash',
  sync: 'coreutils',
  systemctl: 'systemd',
  tar: 'tar',
  umount: 'mount',
  unshare: 'util-linux',
  unzip: 'unzip',
  xz: 'xz-utils',
  zstd: 'zstd',
}

/** What these commands run. */
export function programsOf(...commands: readonly (readonly string[])[]): string[] {
  return commands.flatMap(([program]) => program ?? [])
}

/** Throws a `UserError` that names what is missing, and the packages that bring it. */
export async function needPrograms(
  nas: Pick<Reader, 'lacking'>,
  programs: readonly string[],
): Promise<void> {
  const missing = await nas.lacking([...new Set(programs)])
  if (missing.length === 0) return
  const wanted = new Set(missing.flatMap((program) => packages[program] ?? []))
  const unknown = missing.filter((program) => packages[program] === undefined)
  const hints = [
    ...(wanted.size > 0 ? [`apt-get install ${[...wanted].join(' ')}`] : []),
    ...(unknown.length > 0 ? [`name another for ${unknown.join(', ')} in farm.yaml`] : []),
  ]
  throw new UserError(`${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not installed`, {
    hint: hints.join('; '),
  })
}
