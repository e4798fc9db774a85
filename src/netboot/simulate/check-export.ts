import { addAbortListener } from 'node:events'
import { connect } from 'node:net'
import type { Farm } from '../../farm/farm.ts'
import type { Ipv4 } from '../../farm/schema.ts'
import type { Reader } from '../../host/host.ts'
import { type EtabEntry, parseEtab } from '../../resources/exports/etab.ts'
import { checkFirewall, nfsDoors, nfsPort, tftpDoor } from './check-firewall.ts'
import { type Findings, joined, noFindings } from './fault.ts'
import type { NfsTarget } from './nfs-root.ts'
import { subnetHolds } from './subnet-holds.ts'

const mountProgram = '100005'

/**
 * Whether this NAS lets the Pi at that address mount its root. The NAS cannot ask itself over the
 * wire, where it would come from its own address: it looks at the live table and the live firewall.
 */
export async function checkExport(
  nas: Reader,
  farm: Farm,
  target: NfsTarget,
  address: Ipv4,
  signal: AbortSignal,
): Promise<Findings> {
  const programs = await registered(nas, farm)
  const doors = [tftpDoor, ...nfsDoors(target, mountdPort(programs, target))]
  return joined(
    await checkTable(nas, farm, target, address),
    target.version === 4 ? noFindings : checkMountd(programs, target),
    await checkNfsd(target, signal),
    await checkFirewall(nas, farm, { from: address, to: target.server }, doors),
  )
}

async function checkTable(
  nas: Reader,
  farm: Farm,
  target: NfsTarget,
  address: Ipv4,
): Promise<Findings> {
  const path = `${farm.paths.nfs_state}/etab`
  const table = await nas.read(path)
  if (table?.kind !== 'file')
    return { ...noFindings, skipped: [`the export table: ${path} cannot be read`] }
  const covering = parseEtab(table.text).filter(
    (entry) => entry.path === target.path || target.path.startsWith(`${entry.path}/`),
  )
  const fault = (what: string): Findings => ({
    ...noFindings,
    faults: [{ stage: 'mount', what, cure: 'pifarm apply exports the root to its Pi' }],
  })
  if (covering.length === 0) return fault(`${target.path} is not exported to anybody`)
  const [entry] = covering
    .filter(({ client }) => isClient(client, address))
    .toSorted(moreParticularFirst)
  if (entry === undefined) {
    // Names are not resolved here.
    const named = covering.find(({ client }) => /[a-z]/i.test(client))
    if (named)
      return {
        ...noFindings,
        skipped: [`the export of ${target.path} to ${named.client}: is that ${address}?`],
      }
    const clients = covering.map(({ client }) => client).join(', ')
    return fault(`${target.path} is exported to ${clients}, and this Pi has ${address}`)
  }
  const wrong = wrongOption(entry, target)
  if (wrong) return fault(`${target.path} is exported to ${address} ${wrong}`)
  return { ...noFindings, checked: [`${target.path} is exported to ${address}`] }
}

/** As mountd chooses: the deepest path, and there an address before a network before everybody. */
function moreParticularFirst(a: EtabEntry, b: EtabEntry): number {
  const rank = ({ client }: EtabEntry) => (client === '*' ? 0 : client.includes('/') ? 1 : 2)
  return b.path.length - a.path.length || rank(b) - rank(a)
}

function isClient(client: string, address: Ipv4): boolean {
  return client === '*' || subnetHolds(client, address)
}

function wrongOption({ options }: EtabEntry, target: NfsTarget): string | undefined {
  if (options.has('ro') && !target.isReadOnly) return 'read-only, and its kernel wants it rw'
  if (options.has('root_squash') || options.has('all_squash'))
    return 'without no_root_squash: its root user would be nobody'
  return undefined
}

/** rpcinfo's lines: program, version, protocol, port. */
async function registered(nas: Reader, farm: Farm): Promise<readonly (readonly string[])[]> {
  const { stdout } = await nas.ask(farm.services.nfs.rpcinfo)
  return stdout.split('\n').map((line) => line.trim().split(/\s+/))
}

function mountdPort(
  programs: readonly (readonly string[])[],
  { protocol }: NfsTarget,
): number | undefined {
  const line = programs.find(
    ([program, version, proto]) =>
      program === mountProgram && version === '3' && proto === protocol,
  )
  return line && Number(line[3])
}

function checkMountd(programs: readonly (readonly string[])[], target: NfsTarget): Findings {
  const port = mountdPort(programs, target)
  if (port !== undefined)
    return { ...noFindings, checked: [`mountd answers on ${target.protocol} port ${port}`] }
  const what = `mountd is not registered for NFS 3 over ${target.protocol}`
  return { ...noFindings, faults: [{ stage: 'mount', what, cure: 'systemctl restart nfs-server' }] }
}

async function checkNfsd({ server, protocol }: NfsTarget, signal: AbortSignal): Promise<Findings> {
  if (protocol === 'udp' || (await accepts(server, nfsPort, signal))) return noFindings
  signal.throwIfAborted()
  const what = `nothing listens on ${server} TCP port ${nfsPort}: the NFS server does not run, or a firewall refuses it`
  return { ...noFindings, faults: [{ stage: 'mount', what, cure: 'systemctl restart nfs-server' }] }
}

function accepts(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 })
    const aborted = addAbortListener(signal, () => end(false))
    const end = (is: boolean) => {
      aborted[Symbol.dispose]()
      socket.destroy()
      resolve(is)
    }
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
    socket.on('timeout', () => end(false))
  })
}
