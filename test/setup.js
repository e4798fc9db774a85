#!/usr/bin/env node
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/**
 * Everything that the tests and the demo need, on a fresh Debian 12 or 13 with Node and git:
 * the npm packages, the Debian packages of the lab, the firmware files, the built program.
 * Does nothing where all is there. Plain Node, since it runs before `npm ci`.
 */
const project = fileURLToPath(new URL('..', import.meta.url))

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

main()

function main() {
  installNpmPackages()
  const box = boxPackages[process.argv[2] ?? '']
  const missing = Object.entries({ ...debianPackages, ...box })
    .filter(([, program]) => !isInstalled(program))
    .map(([name]) => name)
  if (process.getuid?.() !== 0) needRoot(missing)
  if (missing.length > 0) installDebianPackages(missing)
  needNamespaces()
  if (box !== undefined) needTun()
  fetchPackages()
  fetchOldNode()
  fetchFootage()
  build()
}

function say(line) {
  process.stderr.write(`setup: ${line}\n`)
}

function stop(...lines) {
  for (const line of lines) say(line)
  process.exit(1)
}

/** Runs a program; its output is shown only when it fails, and then the run ends here. */
function run(argv, { cwd = project, env = process.env, hint } = {}) {
  const [program = '', ...args] = argv
  try {
    return execFileSync(program, args, {
      cwd,
      env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? ''}`)
    return stop(`failed: ${argv.join(' ')}`, ...(hint === undefined ? [] : [hint]))
  }
}

function installNpmPackages() {
  // npm writes this file at the end of an installation.
  if (newest('node_modules/.package-lock.json') >= newest('package-lock.json')) return
  say('npm ci')
  run(['npm', 'ci', '--no-audit', '--no-fund'])
}

function isInstalled(program) {
  if (program.startsWith('/')) return existsSync(program)
  return ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some(
    (dir) => existsSync(join(dir, program)),
  )
}

function needRoot(missing) {
  const lines = ['the lab needs root: it makes network and mount namespaces of its own']
  if (missing.length > 0)
    lines.push(
      'and these Debian packages, which are not installed; run as root, it installs them itself:',
      `  sudo apt-get install --no-install-recommends ${missing.join(' ')}`,
    )
  stop(...lines, `run: sudo ${commandLine()}`)
}

function commandLine() {
  const script = process.env.npm_lifecycle_event
  if (script === undefined) return 'node test/setup.js'
  return script === 'test' ? 'npm test' : `npm run ${script}`
}

function installDebianPackages(missing) {
  if (!isInstalled('apt-get'))
    stop(`not installed: ${missing.join(' ')}`, 'this is no Debian: install what stands for them')
  say(`apt-get install ${missing.join(' ')}`)
  const hint = `install them by hand: apt-get install --no-install-recommends ${missing.join(' ')}`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  withoutStartingDaemons(() => {
    run(['apt-get', '-q', 'update'], { env, hint })
    const install = ['install', '-y', '--no-remove', '--no-install-recommends']
    run(['apt-get', '-q', ...install, ...missing], { env, hint })
  })
}

/** The packages bring a DHCP and an NFS server: on this machine they are wanted in the lab alone. */
function withoutStartingDaemons(install) {
  const policy = '/usr/sbin/policy-rc.d'
  if (existsSync(policy)) return install()
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 })
  // `stop` ends the process: then only an exit handler still runs.
  const remove = () => rmSync(policy, { force: true })
  process.once('exit', remove)
  install()
  remove()
}

function needNamespaces() {
  try {
    execFileSync('unshare', ['-mnp', '--fork', '--mount-proc', 'true'], { stdio: 'ignore' })
  } catch {
    stop(
      'root may not make namespaces here (a container without CAP_SYS_ADMIN?)',
      'run it on a machine or a virtual machine, or in a container started with --privileged',
    )
  }
}

function needTun() {
  if (existsSync('/dev/net/tun')) return
  stop(
    'there is no /dev/net/tun: emulated machines reach one another by it',
    'load the kernel module (modprobe tun), or give the container the device',
  )
}

/**
 * Packages that are unpacked and not installed: raspi-firmware hooks itself into every kernel
 * update, tftpd-hpa would throw out another TFTP server that this machine may have, and nfs-ganesha
 * would serve. Kept for the next run below ~/.cache, where test/lab finds them.
 */
function fetchPackages() {
  const packages = ['raspi-firmware', 'tftpd-hpa', 'atftpd', 'nfs-ganesha', 'nfs-ganesha-vfs']
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test')
  const kept = join(cache, 'debian')
  const from = join(kept, 'from')
  if (existsSync(from) && readFileSync(from, 'utf8').includes('  nfs-ganesha_')) return
  say(`fetch Debian's ${packages.join(' and ')} into ${kept}`)
  mkdirSync(cache, { recursive: true })
  const dir = mkdtempSync(join(cache, 'fetch-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const hint = 'the machine needs to reach deb.debian.org once'
  const apt = ['apt-get', '-q', ...privateApt(dir)]
  run([...apt, 'update'], { cwd: dir, hint })
  run([...apt, 'download', ...packages, ...librariesOf('nfs-ganesha', apt, dir)], {
    cwd: dir,
    hint,
  })
  const files = readdirSync(dir).filter((name) => name.endsWith('.deb'))
  for (const file of files) {
    const to = join('debian', placeOf(file))
    mkdirSync(join(dir, to), { recursive: true })
    run(['dpkg-deb', '-x', file, to], { cwd: dir })
  }
  const sums = files.map((file) => {
    const sum = createHash('sha256')
      .update(readFileSync(join(dir, file)))
      .digest('hex')
    return `${sum}  ${file}\n`
  })
  writeFileSync(join(dir, 'debian/from'), sums.join(''))
  // Another run may have been quicker, or an older one have kept less.
  if (existsSync(kept)) renameSync(kept, join(dir, 'before'))
  renameSync(join(dir, 'debian'), kept)
}

/** Both TFTP servers bring a program in.tftpd, and the libraries are for one program alone. */
function placeOf(file) {
  if (file.startsWith('atftpd_')) return 'atftpd'
  return file.startsWith('nfs-ganesha') || file.startsWith('lib') ? 'ganesha' : '.'
}

/** Their names carry versions, which differ from release to release. */
function librariesOf(name, apt, cwd) {
  const [, ...options] = apt
  const flags = ['depends', '--recurse', '--no-recommends', '--no-suggests', '--no-conflicts']
  const out = execFileSync(
    'apt-cache',
    [...options, ...flags, '--no-breaks', '--no-replaces', '--no-enhances', name],
    {
      cwd,
      encoding: 'utf8',
    },
  )
  const own = /^(?:libntirpc|libwbclient|liburcu|libnfsidmap|libbsd|libmd\d)/
  return [...new Set(out.split('\n').filter((line) => own.test(line)))]
}

/** The Node of Debian 12, on which the agent has to run; nothing else uses it. */
function fetchOldNode() {
  const name = 'node-18.20.8'
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test')
  if (existsSync(join(cache, name, 'bin/node'))) return
  say(`fetch ${name} into ${cache}`)
  mkdirSync(cache, { recursive: true })
  const dir = mkdtempSync(join(cache, 'fetch-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const hint = 'the machine needs to reach the npm registry once'
  run(['npm', 'pack', '--silent', `node-linux-${process.arch}@18.20.8`], { cwd: dir, hint })
  const [file = ''] = readdirSync(dir)
  run(['tar', '-xzf', file, 'package/bin/node'], { cwd: dir })
  // Another run may have been quicker.
  if (!existsSync(join(cache, name))) renameSync(join(dir, 'package'), join(cache, name))
}

/** What a phone filmed, with sound and at a rate of its own: Debian has it in a package of 90 MB. */
function fetchFootage() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'pifarm-test')
  const kept = join(cache, 'footage.mp4')
  if (existsSync(kept)) return
  say(`fetch a film out of Debian's opencv-doc into ${cache}`)
  mkdirSync(cache, { recursive: true })
  const dir = mkdtempSync(join(cache, 'fetch-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  const hint = 'the machine needs to reach deb.debian.org once'
  const apt = ['apt-get', '-q', ...privateApt(dir)]
  run([...apt, 'update'], { cwd: dir, hint })
  run([...apt, 'download', 'opencv-doc'], { cwd: dir, hint })
  const [deb = ''] = readdirSync(dir).filter((name) => name.endsWith('.deb'))
  const unpack =
    'dpkg-deb --fsys-tarfile "$0" | tar -x --wildcards "*/cup.mp4*" --transform "s,.*/,,"'
  run(['sh', '-c', unpack, deb], { cwd: dir })
  const [film = ''] = readdirSync(dir).filter((name) => name.startsWith('cup.mp4'))
  const bytes = readFileSync(join(dir, film))
  writeFileSync(join(dir, 'footage'), film.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  renameSync(join(dir, 'footage'), kept)
}

/** Lists and sources of its own: the machine's often lack the component non-free-firmware. */
function privateApt(dir) {
  const release = readFileSync('/etc/os-release', 'utf8')
  const suite = /^VERSION_CODENAME="?(bookworm|trixie)"?$/m.exec(release)?.[1] ?? 'bookworm'
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg'
  writeFileSync(
    join(dir, 'sources.list'),
    `deb [signed-by=${keys}] http://deb.debian.org/debian ${suite} main non-free-firmware\n`,
  )
  mkdirSync(join(dir, 'lists/partial'), { recursive: true })
  mkdirSync(join(dir, 'archives/partial'), { recursive: true })
  return [
    ['Dir::Etc::sourcelist', join(dir, 'sources.list')],
    ['Dir::Etc::sourceparts', '-'],
    ['Dir::State::lists', join(dir, 'lists')],
    ['Dir::Cache', dir],
    ['APT::Sandbox::User', 'root'],
  ].flatMap(([key, value]) => ['-o', `${key}=${value}`])
}

function build() {
  const sources = ['src', 'package.json'].map(newest)
  if (newest('dist/agent.mjs') >= Math.max(...sources)) return
  say('npm run build')
  run(['npm', 'run', 'build', '--silent'])
}

/** When the newest file below a path was changed, in ms; 0 where nothing is. */
function newest(path) {
  const full = join(project, path)
  if (!existsSync(full)) return 0
  const stat = statSync(full)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(0, ...readdirSync(full).map((name) => newest(join(path, name))))
}
