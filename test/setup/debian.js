import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { keepFromBoot, startedAtBoot } from './boot.js'
import { withoutDaemons } from './daemons.js'
import { run, say, stop } from './run.js'

/**
 * Each Debian package with one program of it, which may also come from elsewhere; where it has none,
 * with a file.
 */
const debianPackages = {
  'isc-dhcp-server': 'dhcpd',
  'dnsmasq-base': 'dnsmasq',
  'nfs-kernel-server': 'exportfs',
  'nfs-common': 'rpc.statd',
  rpcbind: 'rpcbind',
  iptables: 'iptables-restore',
  nftables: 'nft',
  rsyslog: 'rsyslogd',
  iproute2: 'ip',
  acl: 'setfacl',
  attr: 'setfattr',
  'libcap2-bin': 'setcap',
  'btrfs-progs': 'mkfs.btrfs',
  xfsprogs: 'mkfs.xfs',
  'openssh-client': 'ssh-keygen',
  'openssh-server': 'sshd',
  openssl: 'openssl',
  curl: 'curl',
  mtools: 'mcopy',
  dosfstools: 'mkfs.vfat',
  e2fsprogs: 'mke2fs',
  fdisk: 'sfdisk',
  mount: 'losetup',
  procps: 'ps',
  'util-linux': 'unshare',
  sudo: 'sudo',
  systemd: 'systemd-analyze',
  'python3-seccomp': '/usr/share/doc/python3-seccomp/copyright',
  'xz-utils': 'xz',
  zstd: 'zstd',
  bzip2: 'bzip2',
  zip: 'zip',
  unzip: 'unzip',
  mmdebstrap: 'mmdebstrap',
  'arch-test': 'arch-test',
  'qemu-user-static': 'qemu-aarch64-static',
  postgresql: 'pg_ctlcluster',
  ffmpeg: 'ffmpeg',
  chromium: 'chromium',
}
const guestPackages = {
  'user-mode-linux': 'linux.uml',
  // For test/e2e/images/tile-registers.c.
  gcc: 'gcc',
  'libc6-dev': '/usr/include/elf.h',
}
/** What a farm in a box (test/e2e) needs beside that, by what its Pis are. */
const boxPackages = {
  'box-uml': guestPackages,
  'box-raspi3b': { ...guestPackages, 'qemu-system-arm': 'qemu-system-aarch64' },
}

/** Those that are not installed. `box`: with what that kind of farm in a box needs. */
export function missingPackages(box) {
  return Object.entries({ ...debianPackages, ...boxPackages[box] })
    .filter(([, program]) => !isInstalled(program))
    .map(([name]) => name)
}

function isInstalled(program) {
  if (program.startsWith('/')) return existsSync(program)
  return ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(
    (dir) => existsSync(join(dir, program)),
  )
}

export async function installPackages(missing) {
  if (!isInstalled('apt-get'))
    stop(`not installed: ${missing.join(' ')}`, 'this is no Debian: install what stands for them')
  say(`apt-get install ${missing.join(' ')}`)
  const hint = `install them by hand: apt-get install --no-install-recommends ${missing.join(' ')}`
  const before = startedAtBoot()
  const keep = () => keepFromBoot(before)
  process.once('exit', keep)
  await withoutDaemons(async (env) => {
    await run(['apt-get', '-q', 'update'], { env, hint })
    const install = ['install', '-y', '--no-remove', '--no-install-recommends']
    // A dpkg that was cut off would leave this machine with packages that are half configured.
    await run(['apt-get', '-q', ...install, ...missing], { env, hint, spared: true })
  })
  process.off('exit', keep)
  keep()
}
