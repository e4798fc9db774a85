import { cp, link, mkdir, open, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { debian, type Lab } from './lab.ts'

const firmware = join(debian, 'usr/lib/raspi-firmware')
/** Real ones, of the hundred megabytes that the package has: what a Pi 3 asks for. */
const firmwareFiles = ['bootcode.bin', 'start.elf', 'fixup.dat', 'start_cd.elf', 'fixup_cd.dat']

/** What stands for the kernel and the device tree: real ones are 40 MB more to fetch. */
const kernel = Buffer.alloc(
  1_500_000,
  'a stand-in for a kernel. Root-NFS IP-Config Linux version 6.6.31-v8+ (dom@buildbot)\n',
)
const deviceTree = Buffer.alloc(30_000, 'a stand-in for the device tree of a Pi 3B\n')

const texts: Readonly<Record<string, string>> = {
  'etc/hostname': 'raspberrypi\n',
  'etc/hosts': '127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n',
  'etc/machine-id': '0123456789abcdef0123456789abcdef\n',
  'etc/fstab': [
    'proc            /proc           proc    defaults          0       0',
    'PARTUUID=738a4d67-01  /boot/firmware  vfat    defaults          0       2',
    'PARTUUID=738a4d67-02  /               ext4    defaults,noatime  0       1',
    'tmpfs           /tmp            tmpfs   size=64m          0       0',
    '',
  ].join('\n'),
  'etc/os-release': 'PRETTY_NAME="Raspbian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\n',
  'etc/ssh/sshd_config': 'PermitRootLogin no\n',
  'etc/ssh/ssh_host_ed25519_key': 'the key of the machine that the template was made on\n',
  'etc/ssh/ssh_host_ed25519_key.pub': 'ssh-ed25519 AAAA root@raspberrypi\n',
  'boot/firmware/config.txt': '# as Raspberry Pi OS ships it\narm_64bit=1\n[pi4]\narm_boost=1\n',
  'boot/firmware/cmdline.txt': 'console=tty1 root=PARTUUID=738a4d67-02 rootfstype=ext4 rootwait\n',
  'boot/firmware/overlays/README': 'a stand-in\n',
  'usr/lib/modules/6.6.31-v8+/modules.dep': '',
  'usr/bin/ping': 'a stand-in that has a capability\n',
  'usr/sbin/init': '#!/bin/sh\n',
}

/** Whose copies a clone must keep as they are; relative to the root. */
export const oddFiles = {
  hardLink: ['usr/bin/perl', 'usr/bin/perl5.36.0'],
  capability: 'usr/bin/ping',
  acl: 'var/log/journal',
  xattr: 'usr/sbin/init',
  sparse: 'var/lib/sparse.img',
  sparseSize: 8_000_000,
} as const

/** Lays a small template root on the NAS, with real firmware and one file of each odd kind. */
export async function layTemplate(lab: Lab, name = 'template'): Promise<void> {
  const root = `${lab.root}/mnt/PiRoots/${name}`
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    const mode = path === 'usr/sbin/init' ? 0o755 : 0o644
    await writeFile(join(root, path), text, { mode })
  }
  await symlink('usr/bin', `${root}/bin`)
  await symlink('usr/lib', `${root}/lib`)
  await symlink('usr/sbin', `${root}/sbin`)
  await layBootFiles(`${root}/boot/firmware`)
  await layOddFiles(lab, root, `/mnt/PiRoots/${name}`)
}

async function layBootFiles(boot: string): Promise<void> {
  for (const file of firmwareFiles) await cp(join(firmware, file), join(boot, file))
  await writeFile(`${boot}/kernel8.img`, kernel)
  await writeFile(`${boot}/kernel7.img`, kernel.subarray(0, 1_000_000))
  await writeFile(`${boot}/bcm2710-rpi-3-b.dtb`, deviceTree)
  await writeFile(`${boot}/overlays/overlay_map.dtb`, deviceTree.subarray(0, 1000))
}

async function layOddFiles(lab: Lab, root: string, onNas: string): Promise<void> {
  const [first, second] = oddFiles.hardLink
  await writeFile(join(root, first), 'one file of two names\n', { mode: 0o755 })
  await link(join(root, first), join(root, second))
  await mkdir(join(root, oddFiles.acl), { recursive: true })
  await mkdir(dirname(join(root, oddFiles.sparse)), { recursive: true })
  const sparse = await open(join(root, oddFiles.sparse), 'w')
  await sparse.truncate(oddFiles.sparseSize)
  await sparse.close()
  await lab.must(['setcap', 'cap_net_raw=ep', `${onNas}/${oddFiles.capability}`])
  await lab.must(['setfacl', '-m', 'g:adm:rx,d:g:adm:rx', `${onNas}/${oddFiles.acl}`])
  // Not user.*: a tmpfs has those only since kernel 6.6.
  await lab.must(['setfattr', '-n', 'trusted.pifarm', '-v', 'kept', `${onNas}/${oddFiles.xattr}`])
}

/** The bytes of a real firmware file. */
export async function firmwareBytes(file: string): Promise<Buffer> {
  return await readFile(join(firmware, file))
}
