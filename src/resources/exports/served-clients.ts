import ipaddr from 'ipaddr.js'
import type { Farm } from '../../farm/farm.ts'
import { ipv4, subnet } from '../../farm/schema.ts'
import type { Reader } from '../../host/host.ts'
import { readExportFacts } from './export-facts.ts'

/**
 * Whom people export to: pifarm's firewall would cut them off. A wildcard or a name says no
 * address; it stands for the farm's own network.
 */
export async function servedClients(nas: Reader, farm: Farm): Promise<string[]> {
  const facts = await readExportFacts(nas, farm)
  return [...new Set(facts.map(({ client }) => addressesOf(client) ?? farm.network.subnet))]
}

/** One address or a network in CIDR form; exports also takes `10.0.0.5/32` and a dotted netmask. */
function addressesOf(client: string): string | undefined {
  const [address = '', mask] = client.split('/')
  if (mask === undefined || mask === '32') return ipv4.safeParse(address).data
  const prefix = mask.includes('.') ? prefixOf(mask) : Number(mask)
  return subnet.safeParse(`${address}/${prefix}`).data
}

function prefixOf(netmask: string): number | null {
  return ipaddr.IPv4.isValidFourPartDecimal(netmask)
    ? ipaddr.IPv4.parse(netmask).prefixLengthFromSubnetMask()
    : null
}
