import { basename, dirname } from 'node:path'
import { nfsPorts as ports } from '../farm/farm.ts'
import type { Reader } from '../host/host.ts'
import { programsOf } from '../host/need-programs.ts'
import type { Probe, Reload } from '../plan/change.ts'
import { daemonOptions, pinPorts, portSettings, textOf } from './pin-ports.ts'
import type { Resource } from './resource.ts'
import { hasOption } from './shell-variable.ts'
import { exportsTrial } from './try-exports.ts'

/** RPC program numbers, as rpcinfo lists them, and where the firewall expects each. */
const programs = new Map<string, { readonly name: string; readonly port: number }>([
  ['100005', { name: 'mountd', port: ports.mountd }],
  ['100024', { name: 'status', port: ports.statd }],
  ['100021', { name: 'nlockmgr', port: ports.lockd }],
])

/** mountd, statd and lockd at fixed ports: by themselves they take others at each start. */
export const nfsPorts: Resource = {
  name: 'nfs-ports',

  needs: ({ services }) => programsOf(services.nfs.restart, services.nfs.rpcinfo),

  async plan({ farm, nas }) {
    const { changes, isOld } = await pinPorts(farm, nas)
    const { nfs_conf } = farm.paths
    const warnings = isOld ? [] : [...(await overrides(nas, nfs_conf)), ...(await stale(nas))]
    if (changes.length === 0)
      return { changes, checks: [], reloads: [], probes: [], warnings, owns: [] }
    // Its start exports everything anew.
    const trial = exportsTrial(farm)
    const restart = { why: 'restart the NFS server', argv: farm.services.nfs.restart, trial }
    return {
      changes,
      checks: [],
      reloads: isOld ? [liveLockd, restart] : [restart],
      probes: nfsPorts.probes(farm),
      warnings,
      owns: [],
    }
  },

  probes({ services, pis }): readonly Probe[] {
    return [
      {
        why: 'mountd, statd and lockd are at their fixed ports',
        patience: 5000,
        look: async (nas) => {
          const { code, stdout, stderr } = await nas.ask(services.nfs.rpcinfo)
          if (code !== 0) return `rpcinfo failed: ${stderr.trim().split('\n')[0]}`
          // With nothing to export Debian need not start it.
          return strayPort(stdout) ?? (pis.length > 0 ? await deafMountd(nas) : undefined)
        },
      },
    ]
  },
}

/** The modprobe file counts only when lockd is loaded; sysctl moves one that is loaded already. */
const liveLockd: Reload = {
  why: 'set the ports of lockd',
  argv: [
    'sysctl',
    '-q',
    '-w',
    `fs.nfs.nlm_tcpport=${ports.lockd}`,
    `fs.nfs.nlm_udpport=${ports.lockd}`,
  ],
  // Without lockd loaded there is no such key, and then nothing to set.
  mayFail: true,
}

/** A program that is registered elsewhere than it should be, or undefined. */
function strayPort(rpcinfo: string): string | undefined {
  for (const line of rpcinfo.split('\n')) {
    const [number = '', , protocol, actual] = line.trim().split(/\s+/)
    const program = programs.get(number)
    if (program !== undefined && Number(actual) !== program.port)
      return `${program.name} is at ${protocol} port ${actual}, not at ${program.port}`
  }
  return undefined
}

/** The portmapper still lists a mountd that was killed. */
async function deafMountd(nas: Reader): Promise<string | undefined> {
  const port = ports.mountd.toString(16).toUpperCase().padStart(4, '0')
  const listens = new RegExp(`^ *\\d+: [0-9A-F]+:${port} \\S+ 0A `, 'm')
  for (const sockets of ['/proc/net/tcp', '/proc/net/tcp6'])
    if (listens.test((await textOf(nas, sockets)) ?? '')) return undefined
  return `mountd is not running: nothing listens on TCP port ${ports.mountd}, and no Pi can mount its root`
}

/** Options in /etc/default that look as if they counted. */
async function stale(nas: Reader): Promise<string[]> {
  const warnings: string[] = []
  for (const { file, variable, wanted } of daemonOptions) {
    const text = (await textOf(nas, file)) ?? ''
    if (wanted.some((option) => hasOption(text, variable, option)))
      warnings.push(`${file}: the ports in ${variable} have no effect since Debian 12`)
  }
  return warnings
}

/** Drop-ins that nfs.conf(5) reads after ours, in version order, and that say otherwise. */
async function overrides(nas: Reader, ours: string): Promise<string[]> {
  const dir = dirname(ours)
  const { compare } = new Intl.Collator('en', { numeric: true })
  const later = [...((await nas.list(dir)) ?? new Map()).keys()].filter(
    (name) => name.endsWith('.conf') && !name.startsWith('.') && compare(name, basename(ours)) > 0,
  )
  const wanted = new Map(settings(portSettings()).map((s) => [s.key, s]))
  const warnings: string[] = []
  for (const name of later) {
    for (const { key, value, line } of settings((await textOf(nas, `${dir}/${name}`)) ?? '')) {
      const own = wanted.get(key)?.value
      if (own !== undefined && own !== value)
        warnings.push(`${dir}/${name}:${line}: ${key}=${value} overrides pifarm's ${own}`)
    }
  }
  return warnings
}

/** The settings of an nfs.conf(5) as `section.name`, in lower case. */
function settings(text: string): { key: string; value: string; line: number }[] {
  let section = ''
  return text.split('\n').flatMap((content, index) => {
    section = /^\s*\[\s*(\w+)/.exec(content)?.[1]?.toLowerCase() ?? section
    const [, name, value = ''] = /^\s*([\w-]+)\s*=\s*"?([^\s"#;]*)/.exec(content) ?? []
    return name === undefined
      ? []
      : [{ key: `${section}.${name.toLowerCase()}`, value, line: index + 1 }]
  })
}
