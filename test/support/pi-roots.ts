import { spawnSync } from 'node:child_process'
import { gzipSync } from 'node:zlib'
import type { Entry, Output } from '../../src/host/host.ts'
import type { Tree } from '../../src/root-template/tree.ts'
import { dir, file, output } from './fake-nas.ts'
import { type FakeTree, fakeTree, link } from './fake-tree.ts'

export type Release = keyof typeof releases

/** crypt(3) hashes of "raspberry", as SHA-512 and as yescrypt, and of a password of somebody's own. */
export const hashes = {
  raspberry:
    '$6$saltsalt$677q0O/U8ycKsbBfN68CgcyXcWEbi0J/eUf256PkkeGXfNX3CNnPlwFdNvdBgnSiHDx5X1Xozxf5lg9iVIVVu/',
  raspberryYescrypt: '$y$j9T$F5Jx5fExrKuPp53xLKQ..1$eL4ia2HImHZ8seSlqsaUJTioIRKoDlNtfIVLRX5XK74',
  own: '$6$saltsalt$.swdID1u6P3gS9nbmSp9VMIuItuGM6xcvgktlw3aQr1UhIdXyJzEdnyxo/SZE.ipN7geRTdk4eJNWXjgms3v1.',
} as const

/**
 * A root filesystem with the layout of a Raspberry Pi OS image that was never booted, and what
 * each release has of its own. apt-get, useradd and install work on it; perl and getcap are real.
 */
export function piRoot(release: Release, more: Record<string, string | Entry> = {}): FakeTree {
  // First, too: /lib has to be a link before something is put below it.
  const own = releases[release]
  return fakeTree({ ...own, ...common, ...own, ...more }, { ask: askNas, run: runInside })
}

/** A kernel image of each form, latin1 as a Reader answers it. */
export function kernel(
  version: string,
  form: 'raw' | 'gzip' | 'zImage' = 'raw',
  nfs = true,
): Entry {
  const says = `${nfs ? 'Root-NFS: no NFS server address\0IP-Config: Complete\0' : ''}`
  const image = Buffer.from(
    `MZ code \0Linux version %s\0${says}Linux version ${version} (dom@buildbot) (gcc) #1 SMP\n\0`,
  )
  const packed = { raw: () => image, gzip: () => gzipSync(image), zImage: () => zImage(image) }
  return bytes(packed[form]())
}

/** A kernel with the header that its kind begins with, as `kernel-bits` reads it. */
export function kernelOf(bits: 32 | 64, version: string): Entry {
  const head = Buffer.alloc(64)
  if (bits === 64) head.write('ARM\x64', 0x38, 'latin1')
  else head.writeUInt32LE(0x016f_2818, 0x24)
  const banner = `Root-NFS\0IP-Config\0Linux version ${version} (dom@buildbot) (gcc) #1 SMP\n\0`
  const image = Buffer.concat([head, Buffer.from(banner)])
  return bytes(bits === 64 ? gzipSync(image) : image)
}

/** The first bytes of a program, as its linker wrote them: 183 is arm64, 40 armhf. */
export function elf(machine: number): Entry {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(machine, 18)
  return { ...bytes(header), mode: 0o755 } as Entry
}

/** A file of bytes that are no text, as a Reader answers it. */
export function bytes(content: Buffer): Entry {
  const text = content.toString('latin1')
  return { kind: 'file', text, encoding: 'latin1', mode: 0o644, uid: 0, gid: 0 }
}

/** An unpacker before the payload, and a table behind it. */
function zImage(image: Buffer): Buffer {
  const looksLikeGzip = Buffer.from([0x1f, 0x8b, 0x08, 0x00, 0xff, 0xff])
  return Buffer.concat([
    Buffer.from('unpacker'),
    looksLikeGzip,
    gzipSync(image),
    Buffer.alloc(64, 7),
  ])
}

/** What the NAS's own perl, which has crypt(3), says; no getcap where nothing is on a disk. */
function askNas(argv: readonly string[], _tree: FakeTree, input?: string): Output {
  const [command = '', ...rest] = argv
  if (command !== 'perl') return output()
  const { status, stdout, stderr } = spawnSync(command, rest, { input, encoding: 'utf8' })
  return { code: status ?? 1, stdout, stderr }
}

type Files = Pick<Tree, 'read' | 'put'>

/** What apt-get, useradd and install do, as far as the steps look at it. */
export async function runInside(argv: readonly string[], tree: Files): Promise<Output> {
  const last = argv.at(-1) ?? ''
  if (argv.includes('install') && argv.includes('apt-get')) {
    const names = argv.slice(argv.indexOf('--') + 1)
    await append(tree, '/var/lib/dpkg/status', names.map(installed).join(''))
    if (names.includes('systemd-timesyncd'))
      await tree.put('/lib/systemd/system/systemd-timesyncd.service', file('[Unit]\n'))
  }
  if (argv[0] === 'useradd') {
    await append(tree, '/etc/passwd', `${last}:x:1001:1001::/home/${last}:/bin/bash\n`)
    await append(tree, '/etc/shadow', `${last}:*:19000:0:99999:7:::\n`)
  }
  if (argv[0] === 'install') await tree.put(last, dir(0o700))
  return output()
}

async function append(tree: Files, path: string, text: string): Promise<void> {
  const before = await tree.read(path)
  await tree.put(path, file(`${before?.kind === 'file' ? before.text : ''}${text}`))
}

export function installed(name: string): string {
  return `Package: ${name}\nStatus: install ok installed\nVersion: 1\n\n`
}

const wants = '/etc/systemd/system/multi-user.target.wants'
const timers = '/etc/systemd/system/timers.target.wants'

const common: Record<string, string | Entry> = {
  '/etc/hostname': 'raspberrypi\n',
  '/etc/hosts': '127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost\n\n127.0.1.1\traspberrypi\n',
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000:,,,:/home/pi:/bin/bash\n',
  '/etc/group': 'root:x:0:\nsudo:x:27:pi\nvideo:x:44:pi\n',
  '/etc/shadow': {
    ...(file('root:*:19000:0:99999:7:::\npi:!:19000:0:99999:7:::\n', 0o640) as object),
    gid: 42,
  } as Entry,
  '/etc/systemd/journald.conf': '[Journal]\n#Storage=auto\n',
  '/etc/systemd/system.conf': '[Manager]\n#RuntimeWatchdogSec=0\n',
  '/etc/systemd/timesyncd.conf': '[Time]\n#NTP=\n#FallbackNTP=0.debian.pool.ntp.org\n',
  '/etc/network/interfaces': 'source /etc/network/interfaces.d/*\n',
  '/etc/ssh/sshd_config': 'Port 22\n',
  '/home/pi/.bashrc': '# a comment\n',
  '/var/log/bootstrap.log': '',
  '/root/.profile': '',
  '/usr/bin/ping': file('a program that has a capability', 0o755),
  '/var/lib/dpkg/status': installed('openssh-server') + installed('systemd'),
  '/var/lib/systemd/random-seed': file('seed', 0o600),
  '/lib/systemd/system/ssh.service': '[Unit]\n',
  '/lib/systemd/system/getty@.service': '[Unit]\n',
  '/lib/systemd/system/systemd-timesyncd.service': '[Unit]\n',
  '/etc/systemd/system/sysinit.target.wants/systemd-timesyncd.service': link(
    '/lib/systemd/system/systemd-timesyncd.service',
  ),
  '/lib/systemd/system/apt-daily.timer': '[Timer]\n',
  '/lib/systemd/system/apt-daily-upgrade.timer': '[Timer]\n',
  [`${timers}/apt-daily.timer`]: link('/lib/systemd/system/apt-daily.timer'),
  [`${timers}/apt-daily-upgrade.timer`]: link('/lib/systemd/system/apt-daily-upgrade.timer'),
}

const merged = { '/lib': link('usr/lib'), '/bin': link('usr/bin'), '/sbin': link('usr/sbin') }

function firmware(boot: string, root: string, cmdline: string): Record<string, string | Entry> {
  return {
    [`${boot}/bootcode.bin`]: 'boot',
    [`${boot}/start.elf`]: 'start',
    [`${boot}/fixup.dat`]: 'fixup',
    [`${boot}/bcm2710-rpi-3-b.dtb`]: 'dtb',
    [`${boot}/overlays/overlay_map.dtb`]: 'map',
    [`${boot}/cmdline.txt`]: `console=serial0,115200 console=tty1 root=PARTUUID=${root}-02 ${cmdline}\n`,
    '/etc/fstab':
      'proc            /proc           proc    defaults          0       0\n' +
      `PARTUUID=${root}-01  ${boot}  vfat    defaults          0       2\n` +
      `PARTUUID=${root}-02  /               ext4    defaults,noatime  0       1\n` +
      '# a swapfile is not a swap partition, no line here\n#   use  dphys-swapfile swap[on|off]  for that\n',
  }
}

function osRelease(name: string, version: number): Record<string, string | Entry> {
  return {
    '/etc/os-release': link('../usr/lib/os-release'),
    '/usr/lib/os-release': `PRETTY_NAME="Debian GNU/Linux ${version} (${name})"\nVERSION_ID="${version}"\n`,
  }
}

function wanted(unit: string): Record<string, string | Entry> {
  return {
    [`/lib/systemd/system/${unit}`]: '[Unit]\n',
    [`${wants}/${unit}`]: link(`/lib/systemd/system/${unit}`),
  }
}

const releases = {
  /** Not merged, everything in /boot, the default password, SysV scripts. */
  buster: {
    ...osRelease('buster', 10),
    ...firmware(
      '/boot',
      'ea7d04d6',
      'rootfstype=ext4 elevator=deadline fsck.repair=yes rootwait quiet init=/usr/lib/raspi-config/init_resize.sh',
    ),
    '/boot/config.txt': 'dtparam=audio=on\n[pi4]\nmax_framebuffers=2\n',
    '/boot/kernel7.img': kernel('4.19.50-v7+', 'zImage'),
    '/boot/kernel.img': kernel('4.19.50+', 'zImage'),
    '/lib/modules/4.19.50-v7+/modules.dep': '',
    '/lib/modules/4.19.50+/modules.dep': '',
    '/etc/shadow': `root:*:18000:0:99999:7:::\npi:${hashes.raspberry}:18000:0:99999:7:::\n`,
    '/etc/machine-id': '',
    '/etc/dhcpcd.conf': 'hostname\nclientid\n\n#interface eth0\n',
    '/etc/resolv.conf': '# Generated by resolvconf\n',
    '/etc/init.d/resize2fs_once': file('#!/bin/sh\n', 0o755),
    '/etc/rc3.d/S01resize2fs_once': link('../init.d/resize2fs_once'),
    '/etc/init.d/dphys-swapfile': file('#!/bin/sh\n', 0o755),
    '/etc/rc2.d/S01dphys-swapfile': link('../init.d/dphys-swapfile'),
    '/var/swap': file('SWAPSPACE2', 0o600),
    ...wanted('regenerate_ssh_host_keys.service'),
  },
  bullseye: {
    ...merged,
    ...osRelease('bullseye', 11),
    ...firmware(
      '/boot',
      '9730496b',
      'rootfstype=ext4 fsck.repair=yes rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot',
    ),
    '/boot/config.txt': 'dtparam=audio=on\n[all]\n',
    '/boot/userconf.txt': `pi:${hashes.own}\n`,
    '/boot/kernel7.img': kernel('6.1.21-v7+', 'zImage'),
    '/boot/kernel8.img': kernel('6.1.21-v8+', 'gzip'),
    '/usr/lib/modules/6.1.21-v7+/modules.dep': '',
    '/usr/lib/modules/6.1.21-v8+/modules.dep': '',
    '/etc/machine-id': '',
    '/etc/dhcpcd.conf': 'hostname\nclientid\n',
    ...wanted('userconfig.service'),
    ...wanted('dphys-swapfile.service'),
    ...wanted('regenerate_ssh_host_keys.service'),
  },
  bookworm: {
    ...merged,
    ...osRelease('bookworm', 12),
    ...firmware(
      '/boot/firmware',
      '4e639091',
      'rootfstype=ext4 fsck.repair=yes rootwait quiet init=/usr/lib/raspberrypi-sys-mods/firstboot',
    ),
    '/boot/config.txt': 'DO NOT EDIT THIS FILE\n',
    '/boot/firmware/config.txt': 'dtparam=audio=on\nauto_initramfs=1\narm_64bit=1\n',
    '/boot/firmware/initramfs8': 'cpio',
    '/boot/firmware/kernel8.img': kernel('6.6.31+rpt-rpi-v8', 'gzip'),
    '/usr/lib/modules/6.6.31+rpt-rpi-v8/modules.dep': '',
    '/usr/lib/systemd/journald.conf.d/40-rpi-volatile-storage.conf':
      '[Journal]\nStorage=volatile\n',
    '/usr/lib/systemd/system.conf.d/40-rpi-enable-watchdog.conf':
      '[Manager]\nRuntimeWatchdogSec=1m\n',
    '/etc/machine-id': '',
    '/etc/NetworkManager/NetworkManager.conf': '[main]\nplugins=ifupdown,keyfile\n',
    '/etc/xdg/autostart/piwiz.desktop': '[Desktop Entry]\n',
    '/etc/ssh/sshd_config.d/rename_user.conf': 'Banner /usr/share/userconf-pi/sshd_banner\n',
    ...wanted('NetworkManager.service'),
    ...wanted('userconfig.service'),
    ...wanted('dphys-swapfile.service'),
    ...wanted('regenerate_ssh_host_keys.service'),
  },
  trixie: {
    ...merged,
    ...osRelease('trixie', 13),
    ...firmware('/boot/firmware', 'deadbeef', 'rootfstype=ext4 fsck.repair=yes rootwait resize'),
    '/boot/firmware/config.txt': 'dtparam=audio=on\nauto_initramfs=1\n[all]\n',
    '/boot/firmware/user-data': '#cloud-config\n',
    '/boot/firmware/meta-data': 'instance_id: rpios-image\n',
    '/boot/firmware/network-config': 'network:\n  version: 2\n',
    '/boot/firmware/initramfs8': 'cpio',
    '/boot/firmware/kernel8.img': kernel('6.12.47+rpt-rpi-v8', 'gzip'),
    '/usr/lib/modules/6.12.47+rpt-rpi-v8/modules.dep': '',
    '/usr/lib/systemd/journald.conf.d/40-rpi-volatile-storage.conf':
      '[Journal]\nStorage=volatile\n',
    '/usr/lib/systemd/system.conf.d/40-rpi-enable-watchdog.conf':
      '[Manager]\nRuntimeWatchdogSec=1m\n',
    '/usr/lib/sysctl.d/50-default.conf': '-net.ipv4.ping_group_range = 0 2147483647\n',
    '/usr/lib/systemd/system/tmp.mount': '[Mount]\n',
    '/usr/lib/systemd/system/local-fs.target.wants/tmp.mount': link('../tmp.mount'),
    '/etc/rpi/swap.conf': '[Main]\n#Mechanism=auto\n',
    '/etc/machine-id': 'uninitialized\n',
    ...wanted('NetworkManager.service'),
    ...wanted('cloud-init-local.service'),
    ...wanted('userconfig.service'),
    ...wanted('rpi-resize.service'),
  },
} satisfies Record<string, Record<string, string | Entry>>
