import { UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import { lastAddresses } from './known-hosts.ts'

/**
 * Refuses to take a root from under a Pi that runs from it: it would go on writing into a
 * directory that is about to vanish. Answers warnings.
 */
export async function refuseMounted(
  farm: Farm,
  nas: Reader,
  names: readonly string[],
): Promise<string[]> {
  if (names.length === 0) return []
  // The kernel's connections, not rmtab: that keeps clients long after they are gone.
  const output = await nas.ask(['ss', '-tnH', 'state', 'established', '( sport = :2049 )'])
  if (output.code !== 0) return [`cannot see who is connected to NFS: ss failed`]
  const connected = peersOf(output.stdout)
  const addresses = await lastAddresses(farm, nas)
  for (const name of names) {
    // What known_hosts has comes first: farm.yaml may say where it is to go next.
    const address = addresses.get(name) ?? farm.pis.find((pi) => pi.name === name)?.address
    if (address === undefined || !connected.has(address)) continue
    throw new UserError(`${name} (${address}) still has its root mounted`, {
      hint: 'shut it down first, wait until it is off, then run the command again',
    })
  }
  return []
}

/** The last column of each line is the peer, `10.77.0.51:755` or `[::ffff:10.77.0.51]:755`. */
function peersOf(stdout: string): ReadonlySet<string> {
  const peers = stdout.matchAll(/(\d+\.\d+\.\d+\.\d+)\]?:\d+\s*$/gm)
  return new Set([...peers].map((match) => match[1] ?? ''))
}
