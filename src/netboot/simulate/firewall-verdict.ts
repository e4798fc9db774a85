import { subnetHolds } from './subnet-holds.ts'

/** A first packet of a Pi to the NAS. */
export interface Knock {
  readonly from: string
  readonly to: string
  readonly interface: string
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

/** `unknown`: a rule that cannot be judged here stands before any that decides. */
export type Verdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly rule: string }

interface Rule {
  readonly text: string
  readonly words: readonly string[]
}

/** What the filter table, as `iptables-save` prints it, does with a packet that comes in. */
export function firewallVerdict(saved: string, knock: Knock): Verdict {
  const chains = new Map<string, Rule[]>()
  let policy = 'ACCEPT'
  for (const line of saved.split('\n')) {
    policy = /^:INPUT (\w+)/.exec(line)?.[1] ?? policy
    const [, chain] = /^-A (\S+) /.exec(line) ?? []
    if (chain === undefined) continue
    const rules = chains.get(chain) ?? []
    chains.set(chain, [...rules, { text: line, words: wordsOf(line).slice(2) }])
  }
  const verdict = through('INPUT', chains, knock, 0)
  if (verdict) return verdict
  return policy === 'ACCEPT'
    ? { kind: 'accepted' }
    : { kind: 'refused', rule: `the policy ${policy} of INPUT` }
}

const deepest = 16

/** Undefined: the packet comes back from the chain. */
function through(
  chain: string,
  chains: ReadonlyMap<string, readonly Rule[]>,
  knock: Knock,
  depth: number,
): Verdict | undefined {
  if (depth > deepest) return { kind: 'unknown' }
  for (const rule of chains.get(chain) ?? []) {
    const target = targetOf(rule.words)
    // LOG and the like let the packet go on.
    if (target === undefined || !(chains.has(target) || decisive.has(target))) continue
    const hit = matches(rule.words, knock)
    if (hit === false) continue
    if (hit === undefined || queues.has(target)) return { kind: 'unknown' }
    if (target === 'RETURN') return undefined
    if (target === 'ACCEPT') return { kind: 'accepted' }
    if (finals.has(target)) return { kind: 'refused', rule: rule.text }
    const verdict = through(target, chains, knock, depth + 1)
    // After -g the packet does not come back to this chain.
    if (verdict || rule.words.includes('-g')) return verdict
  }
  return undefined
}

const finals = new Set(['ACCEPT', 'DROP', 'REJECT'])
/** A program decides, as an intrusion prevention system does. */
const queues = new Set(['NFQUEUE', 'QUEUE'])
const decisive = new Set([...finals, ...queues, 'RETURN'])

function targetOf(words: readonly string[]): string | undefined {
  const at = words.findIndex((word) => word === '-j' || word === '-g')
  return at === -1 ? undefined : words[at + 1]
}

/** Undefined: it depends on what is not known here. */
function matches(words: readonly string[], knock: Knock): boolean | undefined {
  let isKnown = true
  for (let at = 0; at < words.length; at += 1) {
    const isNot = words[at] === '!'
    if (isNot) at += 1
    const [flag = '', value = ''] = [words[at], words[at + 1]]
    if (flag === '-j' || flag === '-g') break
    const test = tests[flag]
    at += 1
    if (test === undefined) isKnown = false
    else if (test(value, knock) === isNot) return false
  }
  return isKnown ? true : undefined
}

const tests: Readonly<Record<string, (value: string, knock: Knock) => boolean>> = {
  '-s': (value, { from }) => subnetHolds(value, from),
  '-d': (value, { to }) => subnetHolds(value, to),
  '-i': (value, knock) =>
    value.endsWith('+')
      ? knock.interface.startsWith(value.slice(0, -1))
      : value === knock.interface,
  '-p': (value, { protocol }) => value === protocol || value === 'all',
  '--dport': (value, { port }) => portsHold(value, port),
  '--dports': (value, { port }) => portsHold(value, port),
  // A first packet: neither established nor related to anything.
  '--ctstate': (value) => value.split(',').includes('NEW'),
  '--state': (value) => value.split(',').includes('NEW'),
  '-m': () => true,
  '--comment': () => true,
}

function portsHold(value: string, port: number): boolean {
  return value.split(',').some((part) => {
    const [first, last = first] = part.split(':').map(Number)
    return first !== undefined && last !== undefined && first <= port && port <= last
  })
}

/** A comment with blanks in it is one word. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"(?:\\.|[^"\\])*"|\S+/g)].map(([word]) => word)
}
