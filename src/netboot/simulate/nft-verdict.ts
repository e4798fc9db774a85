import type { Knock, Verdict } from './firewall-verdict.ts'
import { holds, isObject, nftMatches, nftValue } from './nft-match.ts'
import { type BaseChain, keyOf, type NftExpressions, type NftRuleset } from './nft-ruleset.ts'

/**
 * What the chains of nftables beside iptables' own do with a packet that comes in. An accept is
 * final within one chain only: the packet has to get through all of them.
 */
export function nftVerdict(ruleset: NftRuleset, knock: Knock): Verdict {
  const verdicts = ruleset.base.map((chain) => baseVerdict(ruleset, chain, knock))
  return (
    verdicts.find(({ kind }) => kind === 'refused') ??
    verdicts.find(({ kind }) => kind === 'unknown') ?? { kind: 'accepted' }
  )
}

/** Where a packet goes from a rule or a chain: `next` is the rule behind, `return` the calling chain. */
type Way = Verdict | { readonly kind: 'next' } | { readonly kind: 'return' }

const deepest = 16

function baseVerdict(ruleset: NftRuleset, base: BaseChain, knock: Knock): Verdict {
  const { family, table, name, policy } = base
  const where = `nft ${family} ${table}`
  const way = through(name, 0)
  if (way.kind !== 'return' && way.kind !== 'next') return way
  if (policy === 'accept') return { kind: 'accepted' }
  return { kind: 'refused', rule: `the policy ${policy} of ${where} ${name}` }

  function through(chain: string, depth: number): Way {
    if (depth > deepest) return { kind: 'unknown' }
    let way: Way = { kind: 'return' }
    // From the end, so that what is behind a rule is known where nobody knows whether it matches.
    for (const rule of ruleset.rules.get(keyOf(family, table, chain))?.toReversed() ?? [])
      way = step(rule, chain, depth, way)
    return way
  }

  function step(rule: NftExpressions, chain: string, depth: number, behind: Way): Way {
    let isSure = true
    for (const expression of rule) {
      const [kind = '', detail] = Object.entries(expression)[0] ?? []
      if (kind === 'match') {
        const hit = nftMatches(detail, knock, setOf)
        if (hit === false) return behind
        isSure &&= hit === true
        continue
      }
      if (silent.has(kind)) continue
      const way = wayOf(kind, detail, chain, depth)
      if (way === undefined) isSure = false
      else if (way.kind !== 'next') return isSure || way.kind === behind.kind ? way : unknown
    }
    return behind
  }

  /** Undefined: it may let the packet go on to the rest of the rule, or not. */
  function wayOf(kind: string, detail: unknown, chain: string, depth: number): Way | undefined {
    if (kind === 'accept') return { kind: 'accepted' }
    if (kind === 'drop' || kind === 'reject')
      return { kind: 'refused', rule: `${kind} in ${where} ${chain}` }
    if (kind === 'return') return { kind: 'return' }
    if (kind === 'vmap' && isObject(detail)) return mapped(detail, chain, depth)
    if (translations.has(kind)) return unknown
    if ((kind !== 'jump' && kind !== 'goto') || !isObject(detail)) return undefined
    const way = through(String(detail.target), depth + 1)
    if (way.kind !== 'return') return way
    return kind === 'jump' ? { kind: 'next' } : way
  }

  function mapped({ key, data }: Readonly<Record<string, unknown>>, chain: string, depth: number) {
    const value = nftValue(key, knock)
    if (value === 'absent') return { kind: 'next' } as const
    const pairs = isObject(data) ? data.set : setOf(String(data).replace('@', ''))
    if (value === undefined || !Array.isArray(pairs)) return unknown
    for (const [wanted, verdict] of pairs as readonly (readonly unknown[])[]) {
      const hit = holds(wanted, value, setOf)
      if (hit === undefined || !isObject(verdict)) return unknown
      const [kind = '', detail] = Object.entries(verdict)[0] ?? []
      if (hit) return wayOf(kind, detail, chain, depth)
    }
    return { kind: 'next' } as const
  }

  function setOf(name: string): readonly unknown[] | undefined {
    return ruleset.sets.get(keyOf(family, table, name))
  }
}

const unknown: Verdict = { kind: 'unknown' }
/** They let every packet go on. */
const silent = new Set(['counter', 'log', 'mangle', 'notrack', 'comment', 'continue', 'ct helper'])
/** They end a chain, and the packet then has another address, or another reader. */
const translations = new Set(['dnat', 'redirect', 'snat', 'masquerade', 'tproxy', 'queue', 'fwd'])
