import { expect, test } from 'vitest'
import { firewallVerdict, type Knock } from '../../../src/netboot/simulate/firewall-verdict.ts'

const knock: Knock = {
  from: '10.77.0.50',
  to: '10.77.0.1',
  interface: 'eth0',
  protocol: 'tcp',
  port: 33049,
}

function table(...lines: readonly string[]): string {
  return ['*filter', ':INPUT ACCEPT [1:2]', ':PIFARM - [0:0]', ...lines, 'COMMIT'].join('\n')
}

const ours = [
  '-A INPUT -j PIFARM',
  '-A PIFARM -p tcp -m multiport --dports 111,2049,33049:33054 -j NFS',
  '-A NFS -s 10.77.0.50/32 -m comment --comment "pifarm: HLSPi1 -j DROP" -j ACCEPT',
  '-A NFS -j REJECT --reject-with icmp-port-unreachable',
]

test.each([
  ['no rules', [], 'accepted'],
  ['our own', ours, 'accepted'],
  ['a stranger before ours', ['-A INPUT -s 10.77.0.0/24 -p tcp -j DROP', ...ours], 'refused'],
  ['another port', ['-A INPUT -p tcp -m tcp --dport 33050 -j DROP', ...ours], 'accepted'],
  ['another protocol', ['-A INPUT -p udp -m udp --dport 33049 -j DROP', ...ours], 'accepted'],
  ['everybody but', ['-A INPUT ! -s 10.77.0.50/32 -j DROP'], 'accepted'],
  ['everybody but another', ['-A INPUT ! -s 10.77.0.51/32 -j DROP'], 'refused'],
  ['another interface', ['-A INPUT -i eth1 -j DROP'], 'accepted'],
  ['interfaces of that kind', ['-A INPUT -i eth+ -j DROP'], 'refused'],
  [
    'only what goes on is let in',
    ['-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT', '-A INPUT -j DROP'],
    'refused',
  ],
  [
    'a chain from which nothing comes back',
    ['-A INPUT -g X', '-A INPUT -j DROP', '-A X -s 10.0.0.1/32 -j DROP'],
    'accepted',
  ],
  ['the log and back', ['-A INPUT -j LOG', '-A INPUT -j X', '-A X -j RETURN'], 'accepted'],
  ['a program decides', ['-A INPUT -j NFQUEUE --queue-num 0', ...ours], 'unknown'],
  [
    'a match that nobody here knows',
    ['-A INPUT -m recent --rcheck --name ssh --rsource -j DROP'],
    'unknown',
  ],
  [
    'such a match, though the rule is about another port',
    ['-A INPUT -p tcp -m tcp --dport 22 -m recent --rcheck --name ssh -j DROP'],
    'accepted',
  ],
  ['two chains that call one another', ['-A INPUT -j A', '-A A -j B', '-A B -j A'], 'unknown'],
] as const)('%s: %j', (_, lines, kind) => {
  expect(firewallVerdict(table(...lines), knock).kind).toBe(kind)
})

test('the policy decides last, and is named', () => {
  const saved = table().replace('INPUT ACCEPT', 'INPUT DROP')
  expect(firewallVerdict(saved, knock)).toEqual({
    kind: 'refused',
    rule: 'the policy DROP of INPUT',
  })
})
