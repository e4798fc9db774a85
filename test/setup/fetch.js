import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { cache, run, say } from './run.js'

/**
 * Packages that are unpacked and not installed: raspi-firmware hooks itself into every kernel
 * update, tftpd-hpa would throw out another TFTP server that this machine may have, and nfs-ganesha
 * would serve. Kept for the next run below ~/.cache, where test/lab finds them.
 */
export async function fetchPackages() {
  const packages = ['raspi-firmware', 'tftpd-hpa', 'atftpd', 'nfs-ganesha', 'nfs-ganesha-vfs']
  const kept = join(cache, 'debian')
  const from = join(kept, 'from')
  if (existsSync(from) && readFileSync(from, 'utf8').includes('  nfs-ganesha_')) return
  say(`fetch Debian's ${packages.join(' and ')} into ${kept}`)
  const { dir, files } = await download(async (options, cwd) => [
    ...packages,
    ...(await librariesOf('nfs-ganesha', options, cwd)),
  ])
  for (const file of files) {
    const to = join('debian', placeOf(file))
    mkdirSync(join(dir, to), { recursive: true })
    await run(['dpkg-deb', '-x', file, to], { cwd: dir })
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
async function librariesOf(name, options, cwd) {
  const flags = ['depends', '--recurse', '--no-recommends', '--no-suggests', '--no-conflicts']
  const more = ['--no-breaks', '--no-replaces', '--no-enhances', name]
  const out = await run(['apt-cache', ...options, ...flags, ...more], { cwd })
  const own = /^(?:libntirpc|libwbclient|liburcu|libnfsidmap|libbsd|libmd\d)/
  return [...new Set(out.split('\n').filter((line) => own.test(line)))]
}

/** The Node of Debian 12, on which the agent has to run; nothing else uses it. */
export async function fetchOldNode() {
  const name = 'node-18.20.8'
  if (existsSync(join(cache, name, 'bin/node'))) return
  say(`fetch ${name} into ${cache}`)
  const dir = passingDir()
  const hint = 'the machine needs to reach the npm registry once'
  await run(['npm', 'pack', '--silent', `node-linux-${process.arch}@18.20.8`], { cwd: dir, hint })
  const [file = ''] = readdirSync(dir)
  await run(['tar', '-xzf', file, 'package/bin/node'], { cwd: dir })
  // Another run may have been quicker.
  if (!existsSync(join(cache, name))) renameSync(join(dir, 'package'), join(cache, name))
}

/** What a phone filmed, with sound and at a rate of its own: Debian has it in a package of 90 MB. */
export async function fetchFootage() {
  const kept = join(cache, 'footage.mp4')
  if (existsSync(kept)) return
  say(`fetch a film out of Debian's opencv-doc into ${cache}`)
  const { dir, files } = await download(() => ['opencv-doc'])
  const [deb = ''] = files
  const unpack =
    'dpkg-deb --fsys-tarfile "$0" | tar -x --wildcards "*/cup.mp4*" --transform "s,.*/,,"'
  await run(['sh', '-c', unpack, deb], { cwd: dir })
  const [film = ''] = readdirSync(dir).filter((name) => name.startsWith('cup.mp4'))
  const bytes = readFileSync(join(dir, film))
  writeFileSync(join(dir, 'footage'), film.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  renameSync(join(dir, 'footage'), kept)
}

/** Fetches packages of Debian, not to be installed; which they are may be asked of its lists. */
async function download(packages) {
  const dir = passingDir()
  const hint = 'the machine needs to reach deb.debian.org once'
  const options = privateApt(dir)
  const apt = (...args) => run(['apt-get', '-q', ...options, ...args], { cwd: dir, hint })
  await apt('update')
  await apt('download', ...(await packages(options, dir)))
  return { dir, files: readdirSync(dir).filter((name) => name.endsWith('.deb')) }
}

/** A directory of the cache that goes with this process. */
function passingDir() {
  mkdirSync(cache, { recursive: true })
  const dir = mkdtempSync(join(cache, 'fetch-'))
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }))
  return dir
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
