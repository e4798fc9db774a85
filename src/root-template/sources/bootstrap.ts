import { basename } from 'node:path/posix'
import { type Farm, templateRoot } from '../../farm/farm.ts'
import { type Host, unfinishedOf } from '../../host/host.ts'
import { needPrograms } from '../../host/need-programs.ts'
import type { Workshop } from '../../host/workshop.ts'
import { packageFile } from '../../package-file.ts'
import type { Emulation } from '../emulation.ts'
import type { Source } from '../source.ts'
import { bootstrapFailure } from './bootstrap-failure.ts'

export const suites = ['bookworm', 'trixie'] as const
export const bootstrapArchitectures = ['arm64', 'armhf', 'amd64'] as const

interface BootstrapTools {
  readonly nas: Host
  readonly workshop: Workshop
  readonly emulation: Emulation
}

export interface BootstrapWish {
  /** The template's name: packages that a cut-off build has left are used again. */
  readonly name: string
  readonly suite: (typeof suites)[number]
  readonly architecture: (typeof bootstrapArchitectures)[number]
  /** Beside what every Pi needs. */
  readonly packages: readonly string[]
  /** URL of Debian's archive, or of a cache of it; left out: the official one. */
  readonly mirror: string | undefined
}

const hook = packageFile('templates/root-template/bootstrap-hook.sh')

/** What a Pi needs to boot, to be logged in to, and to be administered. */
const base = [
  ...['systemd-sysv', 'udev', 'dbus', 'libpam-systemd', 'kmod', 'initramfs-tools', 'busybox'],
  ...['iproute2', 'iputils-ping', 'netbase', 'nfs-common', 'openssh-server', 'ca-certificates'],
  ...['systemd-timesyncd', 'procps', 'sudo', 'less', 'nano'],
]
const kernels = {
  arm64: 'linux-image-arm64',
  armhf: 'linux-image-armmp',
  amd64: 'linux-image-amd64',
} as const
/** What such a root takes with nodejs and ffmpeg in it, its packages not yet removed. Measured. */
const expectedBytes = 1_900_000_000

/** A root from Debian's own packages: no image, no card and no Pi is needed. */
export function bootstrap(
  { nas, workshop, emulation }: BootstrapTools,
  farm: Farm,
  wish: BootstrapWish,
): Source {
  const { suite, architecture } = wish
  const cache = `${farm.paths.state}/packages/${suite}-${architecture}`
  return {
    kind: 'bootstrap',
    description: `Debian ${suite} for ${architecture}`,
    async survey() {
      await needPrograms(nas, ['mmdebstrap', 'arch-test'])
      await emulation.need(architecture)
      await keepPackages(nas, farm, wish.name, cache)
      return { bytes: expectedBytes, facts: [] }
    },
    async fetch({ into, log }, report, signal) {
      const free = await nas.freeBytes(into)
      // Of hundreds of programs one after the other, the disk alone knows how much they wrote.
      const ticks = setInterval(() => {
        void nas
          .freeBytes(into)
          .then((now) => report({ done: Math.max(0, free - now), total: expectedBytes }))
      }, 1000)
      try {
        const env = { PIFARM_ARCH: architecture, PIFARM_CACHE: cache }
        const output = await workshop.work({ argv: argvOf(wish, into), log, env }, signal)
        if (output.code !== 0) throw bootstrapFailure(output.code, output.stderr)
      } finally {
        clearInterval(ticks)
      }
      return { sha256: undefined, notes: [] }
    },
  }
}

function argvOf(wish: BootstrapWish, into: string): readonly string[] {
  const packages = new Set([...base, kernels[wish.architecture], ...wish.packages])
  return [
    'mmdebstrap',
    '--mode=root',
    '--variant=minbase',
    '--format=directory',
    `--architectures=${wish.architecture}`,
    '--components=main,non-free-firmware',
    '--aptopt=APT::Install-Recommends "false"',
    // Packages that were fetched before lie there already, and are to stay until they are kept.
    '--skip=download/empty,essential/unlink',
    ...['setup', 'essential', 'customize'].map((stage) => `--${stage}-hook=${hook}`),
    `--include=${[...packages].join(',')}`,
    wish.suite,
    into,
    ...(wish.mirror === undefined ? [] : [wish.mirror]),
  ]
}

/** A build that was cut off leaves hundreds of megabytes of packages, which need not come again. */
async function keepPackages(nas: Host, farm: Farm, name: string, cache: string): Promise<void> {
  for (const dir of [`${farm.paths.state}/packages`, cache])
    await nas.put(dir, { kind: 'dir', mode: 0o755 })
  const archives = `${unfinishedOf(templateRoot(farm, name))}/var/cache/apt/archives`
  for (const [file, kind] of (await nas.list(archives)) ?? [])
    if (
      kind === 'file' &&
      file.endsWith('.deb') &&
      (await nas.read(`${cache}/${file}`)) === undefined
    )
      await keep(nas, `${archives}/${file}`, cache)
}

/** Under its name only when it is whole; the cache need not lie where the roots do. */
async function keep(nas: Host, file: string, cache: string): Promise<void> {
  const partial = `${cache}/partial`
  const { code } = await nas.run(['cp', '-a', '--reflink=auto', '-T', '--', file, partial])
  if (code === 0) await nas.moveTree(partial, `${cache}/${basename(file)}`)
  else await nas.put(partial, undefined)
}
