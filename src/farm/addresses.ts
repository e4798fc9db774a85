import ipaddr from 'ipaddr.js'
import { quoted } from '../errors.ts'
import { type Ipv4, ipv4, type Subnet } from './schema.ts'

/** Why no machine in this subnet can have the address, or undefined. */
export function addressProblem(subnet: Subnet, address: Ipv4): string | undefined {
  if (!ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(subnet))) {
    return `${quoted(address)} is not in the subnet ${subnet}`
  }
  if (address === ipaddr.IPv4.networkAddressFromCIDR(subnet).toString()) {
    return `${quoted(address)} is the address of the subnet itself`
  }
  if (address === ipaddr.IPv4.broadcastAddressFromCIDR(subnet).toString()) {
    return `${quoted(address)} is the broadcast address of ${subnet}`
  }
  return undefined
}

/** For order and for counting on: 10.77.0.1 is 172818433. */
export function addressNumber(address: Ipv4): number {
  return ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0)
}

/** The address of a number. */
export function addressAt(number: number): Ipv4 {
  return ipv4.parse([24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.'))
}
