import { type Ipv4, ipv4 } from '../../farm/schema.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import type { Fault } from './fault.ts'

/** Where the kernel will look for its root. */
export interface NfsTarget {
  readonly server: Ipv4
  readonly path: string
  readonly protocol: 'tcp' | 'udp'
  /** NFS 4 has no mount protocol: all goes to one port. */
  readonly version: 3 | 4
  readonly isReadOnly: boolean
}

/** What cmdline.txt says of the root; a fault with this cure where it says nothing that a kernel could use. */
export function nfsTarget(report: BootReport, cure: string): NfsTarget | Fault {
  const { cmdline, offer } = report
  const named = cmdline?.nfsroot
  const server = named?.server === undefined ? offer?.server : ipv4.safeParse(named.server).data
  if (!cmdline || !named || !server || !named.path.startsWith('/'))
    return {
      stage: 'mount',
      what: 'cmdline.txt names no root to mount (nfsroot=10.77.0.1:/path,vers=3,tcp)',
      cure,
    }
  const options = named.options.split(',')
  const isUdp = options.some((option) => option === 'udp' || option === 'proto=udp')
  const isV4 = options.some((option) => /^(?:nfs)?v(?:ers=)?4/.test(option))
  return {
    server,
    path: named.path.replace(/(?<=.)\/+$/, ''),
    protocol: isUdp ? 'udp' : 'tcp',
    version: isV4 ? 4 : 3,
    isReadOnly: /(?:^| )ro(?: |$)/.test(cmdline.text),
  }
}
