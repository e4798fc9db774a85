import ipaddr from 'ipaddr.js'
import type { Knock } from './firewall-verdict.ts'
import { subnetHolds } from './subnet-holds.ts'

type Json = Readonly<Record<string, unknown>>
/** The elements of a named set. */
type SetOf = (name: string) => readonly unknown[] | undefined

/** Whether the packet is one that a `match` means; undefined: that is not known here. */
export function nftMatches(match: unknown, knock: Knock, setOf: SetOf): boolean | undefined {
  if (!isObject(match)) return undefined
  const value = nftValue(match.left, knock)
  if (value === 'absent') return false
  if (value === undefined) return undefined
  const { op, right } = match
  if (op === '==' || op === 'in') return holds(right, value, setOf)
  if (op === '!=') {
    const is = holds(right, value, setOf)
    return is === undefined ? undefined : !is
  }
  if (typeof value !== 'number' || typeof right !== 'number') return undefined
  if (op === '<') return value < right
  if (op === '<=') return value <= right
  if (op === '>') return value > right
  return op === '>=' ? value >= right : undefined
}

type Value = string | number | readonly (string | number)[]

/** What the packet has there; `absent`: nothing, as the port of UDP in a packet of TCP. */
export function nftValue(left: unknown, knock: Knock): Value | 'absent' | undefined {
  if (!isObject(left)) return undefined
  const { payload, meta, ct, fib, concat } = left
  if (Array.isArray(concat)) {
    const parts = concat.map((part) => nftValue(part, knock))
    if (parts.includes('absent')) return 'absent'
    const plain = parts.filter((part) => typeof part === 'string' || typeof part === 'number')
    return plain.length === parts.length ? plain : undefined
  }
  if (isObject(payload)) return payloadValue(payload, knock)
  if (isObject(meta)) return metaValue(meta.key, knock)
  // A first packet, of which no connection is known and no address was translated.
  if (isObject(ct) && ct.key === 'state') return 'new'
  if (isObject(ct) && ct.key === 'status') return 'none'
  if (isObject(fib) && fib.result === 'type' && String(fib.flags) === 'daddr') return 'local'
  return undefined
}

function payloadValue({ protocol, field }: Json, knock: Knock): Value | 'absent' | undefined {
  if (protocol === 'ip') {
    if (field === 'saddr') return knock.from
    if (field === 'daddr') return knock.to
    return field === 'protocol' ? knock.protocol : undefined
  }
  if (protocol !== 'th' && protocol !== knock.protocol)
    return protocol === 'ether' || protocol === 'vlan' ? undefined : 'absent'
  return field === 'dport' ? knock.port : undefined
}

function metaValue(key: unknown, knock: Knock): Value | undefined {
  if (key === 'iifname' || key === 'iif') return knock.interface
  if (key === 'l4proto') return knock.protocol
  if (key === 'nfproto') return 'ipv4'
  return key === 'protocol' ? 'ip' : undefined
}

/** Whether a value is one of those on the right side; undefined: they are not known here. */
export function holds(right: unknown, value: Value, setOf: SetOf): boolean | undefined {
  if (typeof right === 'string' && right.startsWith('@')) {
    const elements = setOf(right.slice(1))
    return elements && anyOf(elements, value, setOf)
  }
  if (Array.isArray(right)) return anyOf(right, value, setOf)
  if (!isObject(right)) return isSame(right, value)
  const { set, elem, prefix, range, concat } = right
  if (set !== undefined) return holds(set, value, setOf)
  if (isObject(elem)) return holds(elem.val, value, setOf)
  if (isObject(prefix))
    return typeof value === 'string' && subnetHolds(`${prefix.addr}/${prefix.len}`, value)
  if (Array.isArray(range)) return isBetween(value, range)
  if (!Array.isArray(concat) || !Array.isArray(value)) return undefined
  const parts = concat.map((part, at) => holds(part, value[at] ?? '', setOf))
  return parts.includes(false) ? false : parts.includes(undefined) ? undefined : true
}

function anyOf(all: readonly unknown[], value: Value, setOf: SetOf): boolean | undefined {
  const found = all.map((one) => holds(one, value, setOf))
  return found.includes(true) ? true : found.includes(undefined) ? undefined : false
}

function isSame(right: unknown, value: Value): boolean {
  // An asterisk at the end stands for any interface that begins so.
  if (typeof right === 'string' && right.endsWith('*'))
    return String(value).startsWith(right.slice(0, -1))
  return right === value
}

function isBetween(value: Value, [first, last]: readonly unknown[]): boolean | undefined {
  const [at, from, to] = [value, first, last].map(asNumber)
  if (at === undefined || from === undefined || to === undefined) return undefined
  return from <= at && at <= to
}

function asNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  if (typeof value !== 'string' || !ipaddr.IPv4.isValidFourPartDecimal(value)) return undefined
  return ipaddr.IPv4.parse(value)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0)
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
