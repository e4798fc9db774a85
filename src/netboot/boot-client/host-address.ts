import type { Ipv4 } from '../../farm/schema.ts'
import { addressBytes } from './dhcp-packet.ts'

/** Shorter ones claim a large part of all addresses there are, and so would the route that goes with them. */
const shortestPrefix = 8
/** Networks that are so small have neither an address of their own nor a broadcast (RFC 3021). */
const tinyPrefix = 31

/** Whether these are the ones, and then the zeros, of a network that somebody has. */
export function isNetmask(mask: Ipv4): boolean {
  const bits = bitsOf(mask)
  return /^1+0*$/.test(bits) && prefixOf(bits) >= shortestPrefix
}

/** Whether one machine of a network, and no other, can be reached by it. */
export function isHostAddress(address: Ipv4, mask?: Ipv4): boolean {
  const first = addressBytes(address)[0] ?? 0
  // "This network", this machine, multicast and what is reserved, broadcasts among it.
  if (first === 0 || first === 127 || first >= 224) return false
  const prefix = mask === undefined ? tinyPrefix : prefixOf(bitsOf(mask))
  const host = bitsOf(address).slice(prefix)
  return prefix >= tinyPrefix || (host.includes('0') && host.includes('1'))
}

function bitsOf(address: Ipv4): string {
  return [...addressBytes(address)].map((byte) => byte.toString(2).padStart(8, '0')).join('')
}

function prefixOf(bits: string): number {
  return bits.replaceAll('0', '').length
}
