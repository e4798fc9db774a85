import { quoted } from '../errors.ts'
import { type Ipv4, ipv4, type Subnet } from './schema.ts'

/** Why no machine in this subnet can have the address, or undefined. */
export function addressProblem(subnet: Subnet, address: Ipv4): string | undefined {
  const [network = '', prefix] = subnet.split('/')
  const first = numberOf(network)
  const last = first + 2 ** (32 - Number(prefix)) - 1
  const number = numberOf(address)
  if (number < first || number > last) return `${quoted(address)} is not in the subnet ${subnet}`
  if (number === first) return `${quoted(address)} is the address of the subnet itself`
  if (number === last) return `${quoted(address)} is the broadcast address of ${subnet}`
  return undefined
}

/** For order and for counting on: 10.77.0.1 is 172818433. */
export function addressNumber(address: Ipv4): number {
  return numberOf(address)
}

function numberOf(octets: string): number {
  return octets.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0)
}

/** The address of a number. */
export function addressAt(number: number): Ipv4 {
  return ipv4.parse([24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.'))
}
