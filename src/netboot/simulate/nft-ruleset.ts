import * as z from 'zod'

/** The ruleset of nftables as far as a packet that comes in meets it. */
export interface NftRuleset {
  /** The chains that the kernel itself calls, in no order: each of them can refuse. */
  readonly base: readonly BaseChain[]
  /** By `keyOf` of family, table and chain: the expressions of each rule. */
  readonly rules: ReadonlyMap<string, readonly NftExpressions[]>
  /** The elements of the named sets and maps, by `keyOf` of family, table and name. */
  readonly sets: ReadonlyMap<string, readonly unknown[]>
}

export interface BaseChain {
  readonly family: string
  readonly table: string
  readonly name: string
  readonly policy: string
}

export type NftExpressions = readonly Readonly<Record<string, unknown>>[]

const place = { family: z.string(), table: z.string() }
const expression = z.record(z.string(), z.unknown())
const set = z.looseObject({ ...place, name: z.string(), elem: z.array(z.unknown()).default([]) })
const listing = z.object({
  nftables: z.array(
    z.looseObject({
      chain: z
        .looseObject({
          ...place,
          name: z.string(),
          hook: z.string().optional(),
          policy: z.string().default('accept'),
        })
        .optional(),
      rule: z
        .looseObject({ ...place, chain: z.string(), expr: z.array(expression).default([]) })
        .optional(),
      set: set.optional(),
      map: set.optional(),
    }),
  ),
})

const inward = new Set(['prerouting', 'input'])
const ofIpv4 = new Set(['ip', 'inet'])

/** Reads what `nft -j list ruleset` prints; undefined where it is in another form. */
export function readNftRuleset(json: string): NftRuleset | undefined {
  const parsed = listing.safeParse(parseJson(json))
  if (!parsed.success) return undefined
  const rules = new Map<string, NftExpressions[]>()
  const sets = new Map<string, readonly unknown[]>()
  const base: BaseChain[] = []
  for (const { chain, rule, set, map } of parsed.data.nftables) {
    if (rule) {
      const key = keyOf(rule.family, rule.table, rule.chain)
      rules.set(key, [...(rules.get(key) ?? []), rule.expr])
    }
    const named = set ?? map
    if (named) sets.set(keyOf(named.family, named.table, named.name), named.elem)
    if (chain?.hook === undefined || !inward.has(chain.hook) || !ofIpv4.has(chain.family)) continue
    // This one is iptables' own, whose matches nft does not tell: `iptables-save` does.
    if (chain.family === 'ip' && chain.table === 'filter' && chain.name === 'INPUT') continue
    base.push(chain)
  }
  return { base, rules, sets }
}

export function keyOf(family: string, table: string, name: string): string {
  return JSON.stringify([family, table, name])
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
