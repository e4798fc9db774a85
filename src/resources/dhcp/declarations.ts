import { addressNumber } from '../../farm/addresses.ts'
import { type Ipv4, ipv4, mac } from '../../farm/schema.ts'
import type { Statement } from './parse.ts'

/** `subnet`; `at` is `file:line`, here and below. */
export interface DeclaredSubnet {
  /** As dhcpd.conf has it: `10.77.0.0 netmask 255.255.255.0`. */
  readonly text: string
  readonly at: string
  contains(address: Ipv4): boolean
}

/** `range`, in a subnet or a pool. */
export interface DynamicRange {
  /** `first-last`. */
  readonly text: string
  readonly at: string
  contains(address: Ipv4): boolean
}

/** A `host` block. */
export interface DeclaredHost {
  readonly name: string
  /** In lower case with colons. */
  readonly mac: string | undefined
  /** Addresses, or names that dhcpd resolves. */
  readonly addresses: readonly string[]
  readonly at: string
}

/** From the words behind `subnet`: none where dhcpd will refuse them. */
export function subnetOf([network, , netmask]: readonly string[], at: string): DeclaredSubnet[] {
  const base = addressOf(network)
  const mask = addressOf(netmask)
  if (base === undefined || mask === undefined) return []
  const last = addressNumber(base) + (2 ** 32 - 1 - addressNumber(mask))
  return [{ text: `${base} netmask ${mask}`, at, contains: between(addressNumber(base), last) }]
}

/** From the words behind `range`. */
export function rangeOf(values: readonly string[], at: string): DynamicRange[] {
  const [first, last = first] = values.flatMap((value) => addressOf(value) ?? [])
  if (first === undefined || last === undefined) return []
  const ends = [addressNumber(first), addressNumber(last)] as const
  // dhcpd takes the ends in either order.
  const contains = between(Math.min(...ends), Math.max(...ends))
  return [{ text: `${first}-${last}`, at, contains }]
}

/** From the statements inside a `host` block. */
export function hostOf(name: string, body: readonly Statement[], at: string): DeclaredHost {
  const hardware = valuesOf(body, 'hardware')
  const address = hardware?.[0]?.toLowerCase() === 'ethernet' ? hardware.slice(1).join('') : ''
  return {
    name,
    // dhcpd takes 0 for 00.
    mac: mac.safeParse(address.replace(/\b[0-9a-f]\b/gi, '0$&')).data,
    addresses: (valuesOf(body, 'fixed-address') ?? []).map((value) => addressOf(value) ?? value),
    at,
  }
}

function valuesOf(body: readonly Statement[], keyword: string): string[] | undefined {
  const statement = body.find(({ words }) => words[0]?.text.toLowerCase() === keyword)
  return statement?.words.slice(1).map((word) => word.text)
}

/** dhcpd reads 011 as 11. */
function addressOf(text: string | undefined): Ipv4 | undefined {
  return ipv4.safeParse(text?.replace(/\b0+(?=\d)/g, '')).data
}

function between(first: number, last: number): (address: Ipv4) => boolean {
  return (address) => {
    const number = addressNumber(address)
    return number >= first && number <= last
  }
}
