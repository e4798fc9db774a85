import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { ourRules } from '../../src/plan/live-rules.ts'
import { mergeRules } from '../../src/resources/firewall/merge-rules.ts'

const wanted = [
  ':PIFARM - [0:0]',
  ':PIFARM-NFS - [0:0]',
  '-I INPUT 1 -j PIFARM',
  '-A PIFARM -p tcp -m multiport --dports 111,2049 -j PIFARM-NFS',
  '-A PIFARM-NFS -s 10.77.0.11/32 -m comment --comment "pifarm:HLSPi1" -j ACCEPT',
]
const others = wanted.map((line) => line.replaceAll('10.77.0.11', '10.77.0.12'))

const foreign: Readonly<Record<string, string>> = {
  'no file': '',
  'a table of a person': `# mine, with trailing blanks
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:mine - [0:0]
-A INPUT -m comment --comment "PIFARM is great"  -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A mine -j DROP
COMMIT
`,
  'a chain of a person called like ours': `*filter
:INPUT ACCEPT [0:0]
:PIFARM-MINE - [0:0]
-A INPUT -j PIFARM-MINE
-A PIFARM-MINE -j DROP
COMMIT
`,
  'several tables': `*nat
:PREROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8080
COMMIT
*filter
:INPUT ACCEPT [12:340]
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
COMMIT
# the end
*mangle
:INPUT ACCEPT [0:0]
COMMIT
`,
  'no filter table': '*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n',
  'no declared chain': '*filter\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
}

describe.each(Object.entries(foreign))('mergeRules into %s', (_, text) => {
  const merged = mergeRules(text, wanted)

  test('puts the chains in, the jump first', () => {
    expect(ourRules(merged)).toEqual(wanted)
  })

  test('leaves every other line as it was', () => {
    expect(mergeRules(merged, [])).toBe(text)
  })

  test('does nothing the second time', () => {
    expect(mergeRules(merged, wanted)).toBe(merged)
  })

  test('replaces old lines in place', () => {
    expect(mergeRules(mergeRules(text, others), wanted)).toBe(merged)
  })

  test.each(['nft', 'legacy'])('the real iptables-%s loads it', async (variant) => {
    const script = `iptables-${variant}-restore && iptables-${variant}-save -t filter`
    const { stdout } = await execa('unshare', ['-n', 'sh', '-c', script], { input: merged })
    expect(ourRules(stdout)).toEqual(wanted)
  })
})

test('takes the lines as netfilter-persistent saves them, spread out and counted', () => {
  const saved = `*filter
:INPUT ACCEPT [9:9]
:PIFARM - [0:0]
:PIFARM-NFS - [0:0]
:zzz - [0:0]
[3:4] -A INPUT -j PIFARM
-A INPUT -j zzz
[3:4] -A PIFARM -p tcp -m multiport --dports 111,2049 -j PIFARM-NFS
-A PIFARM-NFS -s 10.77.0.11/32 -m comment --comment "pifarm:HLSPi1" -j ACCEPT
-A zzz -j DROP
COMMIT
`
  expect(mergeRules(saved, wanted)).toBe(saved)
  expect(mergeRules(saved, [])).toBe(
    '*filter\n:INPUT ACCEPT [9:9]\n:zzz - [0:0]\n-A INPUT -j zzz\n-A zzz -j DROP\nCOMMIT\n',
  )
})

test('moves a jump that is not the first', () => {
  const second = '*filter\n:PIFARM - [0:0]\n-A INPUT -i lo -j ACCEPT\n-A INPUT -j PIFARM\nCOMMIT\n'
  expect(mergeRules(second, [':PIFARM - [0:0]', '-I INPUT 1 -j PIFARM'])).toBe(
    '*filter\n:PIFARM - [0:0]\n-A INPUT -j PIFARM\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n',
  )
})
