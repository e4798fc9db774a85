import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Knock } from '../../../src/netboot/simulate/firewall-verdict.ts'
import { readNftRuleset } from '../../../src/netboot/simulate/nft-ruleset.ts'
import { nftVerdict } from '../../../src/netboot/simulate/nft-verdict.ts'

const knock: Knock = {
  from: '10.77.0.50',
  to: '10.77.0.1',
  interface: 'eth0',
  protocol: 'tcp',
  port: 33049,
}

/** What the kernel of an own network namespace makes of these rules, as the real nft lists it. */
function listed(script: string): string {
  const argv = ['-n', 'sh', '-c', 'nft -f - && exec nft -j list ruleset']
  return execFileSync('unshare', argv, { input: script, encoding: 'utf8' })
}

function judged(script: string) {
  const ruleset = readNftRuleset(listed(script))
  if (ruleset === undefined) throw new Error('nft answers in a form that is not known')
  return nftVerdict(ruleset, knock)
}

/** A table whose input chain has these rules. */
function input(policy: string, ...rules: readonly string[]): string {
  return `table inet fw {
    set pis { type ipv4_addr; flags interval; elements = { 10.77.0.0/28, 10.77.0.50-10.77.0.60 }; }
    set doors { type ipv4_addr . inet_service; elements = { 10.77.0.50 . 33049 }; }
    map way { type inet_service : verdict; elements = { 33049 : drop }; }
    chain sub { tcp dport 33049 accept; }
    chain back { return; }
    chain in { type filter hook input priority 0; policy ${policy};
      ${rules.join('\n      ')}
    }
  }`
}

test.each([
  ['no rules', [], 'accept', 'accepted'],
  ['the policy', ['tcp dport 22 accept'], 'drop', 'refused'],
  [
    'as a firewall usually begins',
    ['ct state vmap { established : accept, related : accept, invalid : drop }', 'iif lo accept'],
    'drop',
    'refused',
  ],
  ['its port', ['tcp dport { 111, 2049, 33049-33054 } accept'], 'drop', 'accepted'],
  ['another protocol', ['udp dport 33049 accept'], 'drop', 'refused'],
  ['any protocol', ['meta l4proto { tcp, udp } th dport 33049 accept'], 'drop', 'accepted'],
  ['its network', ['ip saddr 10.77.0.0/24 accept'], 'drop', 'accepted'],
  ['all but its network', ['ip saddr != 10.77.0.0/24 drop'], 'accept', 'accepted'],
  ['all but another', ['ip saddr != 10.77.1.0/24 drop'], 'accept', 'refused'],
  ['a named set', ['ip saddr @pis accept'], 'drop', 'accepted'],
  ['a named set of pairs', ['ip saddr . tcp dport @doors accept'], 'drop', 'accepted'],
  ['a named map', ['tcp dport vmap @way'], 'accept', 'refused'],
  ['its interface', ['iifname "eth*" reject'], 'accept', 'refused'],
  ['another interface', ['iifname "wlan0" reject'], 'accept', 'accepted'],
  ['a chain and back', ['jump back', 'tcp dport vmap { 33049 : jump sub }'], 'drop', 'accepted'],
  ['a chain that does not come back', ['goto back', 'accept'], 'drop', 'refused'],
  ['ports above', ['tcp dport >= 1024 drop'], 'accept', 'refused'],
  ['IPv6', ['ip6 saddr fe80::/10 drop', 'meta nfproto ipv6 drop'], 'accept', 'accepted'],
  ['for this machine', ['fib daddr type local drop'], 'accept', 'refused'],
  ['a rate that may be over', ['limit rate 3/second accept'], 'drop', 'unknown'],
  ['a rate before the same', ['limit rate 3/second accept', 'accept'], 'drop', 'accepted'],
  ['a mark that nobody knows', ['meta mark 7 drop'], 'accept', 'unknown'],
  ['a mark of another port', ['tcp dport 22 meta mark 7 drop'], 'accept', 'accepted'],
  ['it is counted and logged', ['counter log prefix "x" drop'], 'accept', 'refused'],
] as const)('%s: %j', (_, rules, policy, kind) => {
  expect(judged(input(policy, ...rules)).kind).toBe(kind)
})

test('an accept in one chain does not save from another; what refuses is named', () => {
  const other =
    'table ip raw2 { chain pre { type filter hook prerouting priority -300; tcp dport 33049 drop; }; }'
  expect(judged(`${input('drop', 'accept')}\n${other}`)).toEqual({
    kind: 'refused',
    rule: 'drop in nft ip raw2 pre',
  })
})

test("iptables' own chain is left to iptables-save, which tells all of its matches", () => {
  const own = 'table ip filter { chain INPUT { type filter hook input priority 0; policy drop; }; }'
  expect(judged(own)).toEqual({ kind: 'accepted' })
})

test('another form is not taken for no rules', () => {
  expect(readNftRuleset('{"nftables": [{"rule": 1}]}')).toBeUndefined()
  expect(readNftRuleset('nonsense')).toBeUndefined()
})
