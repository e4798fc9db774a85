import type { Ipv4 } from '../../farm/schema.ts'
import { unsentCure } from './cures.ts'
import type { Fault } from './fault.ts'
import type { Failure } from './rpc-call.ts'

/** A call without a result. `who` was asked, e.g. `mountd (10.77.0.1 tcp port 33049)`. */
export function rpcFault(who: string, from: Ipv4, server: Ipv4, failure: Failure): Fault {
  const { reason, why, code } = failure
  if (reason === 'unsent')
    return {
      stage: 'mount',
      what: `${who} cannot be asked from here as ${from}: ${why}`,
      cure: unsentCure(code, server),
    }
  return {
    stage: 'mount',
    what: `${who} does not let ${from} in: ${why}`,
    cure:
      reason === 'nonsense'
        ? 'systemctl restart nfs-server on the NAS'
        : 'is it the firewall? pifarm apply on the NAS opens it for this address',
  }
}
