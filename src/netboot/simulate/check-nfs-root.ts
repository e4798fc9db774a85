import type { Ipv4 } from '../../farm/schema.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import type { Mounted } from './check-mount.ts'
import { checkSystem } from './check-root.ts'
import { type Findings, joined, noFindings } from './fault.ts'
import type { NfsTarget } from './nfs-root.ts'
import { NfsRefusal, NfsTree } from './nfs-tree.ts'
import type { Failure } from './rpc-call.ts'
import { rpcFault } from './rpc-fault.ts'

/** What the root holds that mountd granted, asked over the wire from the Pi's own address. */
export async function checkNfsRoot(
  target: NfsTarget,
  address: Ipv4,
  { handle, port }: Mounted,
  report: BootReport,
  signal: AbortSignal,
): Promise<Findings> {
  const { server, protocol, path } = target
  const tree = new NfsTree({ protocol, server, port, from: address, signal }, handle)
  try {
    return joined(
      target.isReadOnly ? noFindings : await checkWriting(tree, target),
      await checkSystem((at) => tree.look(at), path, report),
    )
  } catch (error) {
    const failure = failureOf(error)
    if (failure === undefined) throw error
    const who = `the NFS server (${server} ${protocol} port ${port})`
    return { ...noFindings, faults: [rpcFault(who, address, server, failure)] }
  }
}

function failureOf(error: unknown): Failure | undefined {
  if (error instanceof NfsRefusal) return error.failure
  // An answer that ends too early.
  if (error instanceof RangeError) return { kind: 'failed', reason: 'nonsense', why: error.message }
  return undefined
}

async function checkWriting(tree: NfsTree, { server, path }: NfsTarget): Promise<Findings> {
  if (await tree.mayWrite()) return noFindings
  const what = `${server} lets the Pi's root user read ${path}, and write nothing: exported read-only or without no_root_squash`
  const cure = 'pifarm apply on the NAS exports the root to its Pi'
  return { ...noFindings, faults: [{ stage: 'mount', what, cure }] }
}
