import type { Ipv4 } from '../../farm/schema.ts'
import { type Fault, type Findings, noFindings } from './fault.ts'
import type { NfsTarget } from './nfs-root.ts'
import { type RpcAnswer, rpcCall } from './rpc-call.ts'
import { rpcFault } from './rpc-fault.ts'
import { numbers, opaque, XdrReader } from './xdr.ts'

const portmapper = { program: 100_000, version: 2, getPort: 3, port: 111 } as const
const mount = { program: 100_005, mnt: 1 } as const
const nfsProgram = 100_003
/** Of the mount protocol and of NFS alike. */
const version = 3
const protocolNumber = { tcp: 6, udp: 17 } as const
/** RFC 1813, appendix I. */
const statusText: Readonly<Record<number, string>> = {
  1: 'only root may mount',
  2: 'there is no such directory on the server',
  13: 'it is not exported to this address',
}

/** A root that was granted. */
export interface Mounted {
  /** What NFS calls the root's top by. */
  readonly handle: Buffer
  /** Where the NFS server listens. */
  readonly port: number
}

/** Asks for the root over the wire as the Pi's kernel does, from the Pi's own address. */
export async function checkMount(
  target: NfsTarget,
  address: Ipv4,
  signal: AbortSignal,
  portmapperPort: number = portmapper.port,
): Promise<{ readonly findings: Findings; readonly mounted?: Mounted }> {
  const { server, path, protocol } = target
  if (target.version === 4)
    return {
      findings: { ...noFindings, skipped: ['the mount: NFS 4 has no mount protocol to ask by'] },
    }
  const asked = { protocol, from: address, server, credential: 'none', signal } as const
  const where = `${server} ${protocol} port`
  const portOf = async (program: number) =>
    await rpcCall({
      ...asked,
      port: portmapperPort,
      program: portmapper.program,
      version: portmapper.version,
      procedure: portmapper.getPort,
      arguments: numbers(program, version, protocolNumber[protocol], 0),
    })
  const mountd = await portOf(mount.program)
  if (mountd.kind === 'failed')
    return failed(rpcFault(`the portmapper (${where} 111)`, address, server, mountd))
  const mountdPort = portIn(mountd)
  if (!mountdPort) return fault(`mountd is not registered on ${server}`, notRunning)
  const answer = await rpcCall({
    ...asked,
    port: mountdPort,
    program: mount.program,
    version,
    procedure: mount.mnt,
    arguments: opaque(Buffer.from(path)),
  })
  if (answer.kind === 'failed')
    return failed(rpcFault(`mountd (${where} ${mountdPort})`, address, server, answer))
  const status = firstNumber(answer)
  if (status !== 0)
    return fault(
      `${server} refuses ${address} ${path}: ${statusText[status ?? -1] ?? `status ${status}`}`,
      'pifarm apply on the NAS exports the root to its Pi',
    )
  const nfsd = await portOf(nfsProgram)
  const port = nfsd.kind === 'failed' ? undefined : portIn(nfsd)
  if (!port) return fault(`the NFS server is not registered on ${server}`, notRunning)
  const handle = handleIn(answer)
  if (handle === undefined)
    return fault(`mountd (${where} ${mountdPort}) answers nonsense`, notRunning)
  return {
    findings: { ...noFindings, checked: [`${server} grants ${address} ${path}`] },
    mounted: { handle, port },
  }
}

const notRunning = 'systemctl restart nfs-server on the NAS'

function fault(what: string, cure: string): { readonly findings: Findings } {
  return failed({ stage: 'mount', what, cure })
}

function failed(one: Fault): { readonly findings: Findings } {
  return { findings: { ...noFindings, faults: [one] } }
}

function firstNumber({ bytes }: Extract<RpcAnswer, { kind: 'result' }>): number | undefined {
  return bytes.length >= 4 ? bytes.readUInt32BE(0) : undefined
}

/** 0: the program is not registered. A number that is no port is as good as none. */
function portIn(answer: Extract<RpcAnswer, { kind: 'result' }>): number {
  const port = firstNumber(answer) ?? 0
  return port < 65_536 ? port : 0
}

function handleIn({ bytes }: Extract<RpcAnswer, { kind: 'result' }>): Buffer | undefined {
  try {
    return new XdrReader(bytes.subarray(4)).opaque()
  } catch {
    return undefined
  }
}
