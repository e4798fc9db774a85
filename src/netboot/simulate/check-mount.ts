import type { Ipv4 } from '../../farm/schema.ts'
import { type Findings, noFindings } from './fault.ts'
import type { NfsTarget } from './nfs-root.ts'
import { numbers, type RpcAnswer, rpcCall } from './rpc-call.ts'

const portmapper = { program: 100_000, version: 2, getPort: 3, port: 111 } as const
const mount = { program: 100_005, version: 3, mnt: 1 } as const
const protocolNumber = { tcp: 6, udp: 17 } as const
/** RFC 1813, appendix I. */
const statusText: Readonly<Record<number, string>> = {
  1: 'only root may mount',
  2: 'there is no such directory on the server',
  13: 'it is not exported to this address',
}

/** Asks for the root over the wire as the Pi's kernel does, from the Pi's own address. */
export async function checkMount(
  target: NfsTarget,
  address: Ipv4,
  portmapperPort: number = portmapper.port,
): Promise<Findings> {
  const { server, path, protocol } = target
  if (target.version === 4)
    return { ...noFindings, skipped: ['the mount: NFS 4 has no mount protocol to ask by'] }
  const asked = { protocol, from: address, server }
  const port = await rpcCall({
    ...asked,
    port: portmapperPort,
    program: portmapper.program,
    version: portmapper.version,
    procedure: portmapper.getPort,
    arguments: numbers(mount.program, mount.version, protocolNumber[protocol], 0),
  })
  const where = `${server} ${protocol} port`
  if (port.kind === 'failed')
    return fault(`the portmapper (${where} 111) does not let ${address} in: ${port.why}`, closed)
  const mountd = port.bytes.length >= 4 ? port.bytes.readUInt32BE(0) : 0
  if (mountd === 0) return fault(`mountd is not registered on ${server}`, notRunning)
  const answer = await rpcCall({
    ...asked,
    port: mountd,
    program: mount.program,
    version: mount.version,
    procedure: mount.mnt,
    arguments: pathArgument(path),
  })
  if (answer.kind === 'failed')
    return fault(`mountd (${where} ${mountd}) does not let ${address} in: ${answer.why}`, closed)
  const status = statusOf(answer)
  if (status !== 0)
    return fault(
      `${server} refuses ${address} ${path}: ${statusText[status] ?? `status ${status}`}`,
      'pifarm apply on the NAS exports the root to its Pi',
    )
  return { ...noFindings, checked: [`${server} grants ${address} ${path}`] }
}

const closed = 'is it the firewall? pifarm apply on the NAS opens it for this address'
const notRunning = 'systemctl restart nfs-server on the NAS'

function fault(what: string, cure: string): Findings {
  return { ...noFindings, faults: [{ stage: 'mount', what, cure }] }
}

function statusOf(answer: Extract<RpcAnswer, { kind: 'result' }>): number {
  return answer.bytes.length >= 4 ? answer.bytes.readUInt32BE(0) : -1
}

function pathArgument(path: string): Buffer {
  const text = Buffer.from(path)
  return Buffer.concat([numbers(text.length), text, Buffer.alloc((4 - (text.length % 4)) % 4)])
}
