import { execa } from 'execa'
import { describe, expect, test } from 'vitest'
import { type Farm, makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import type { Output, Reader } from '../../src/host/host.ts'
import type { ResourcePlan } from '../../src/plan/change.ts'
import { ourRules, transaction } from '../../src/plan/live-rules.ts'
import { firewall } from '../../src/resources/firewall/firewall.ts'
import { mergeRules } from '../../src/resources/firewall/merge-rules.ts'
import { wantedRules } from '../../src/resources/firewall/wanted-rules.ts'
import { fakeNas, output } from '../support/fake-nas.ts'

const clients = { nfs_clients: ['10.77.0.5', '10.78.0.0/24'], tftp_clients: ['10.79.0.9'] }

describe.each(['nft', 'legacy'])('iptables-%s', (variant) => {
  test.each([
    ['no Pi', farmOf([])],
    ['two Pis and others', farmOf(['HLSPi1', 'a-b'], clients)],
    ['a controller', farmOf(['HLSPi1'], { controller_clients: ['10.80.0.0/16'] }, 8090)],
  ])('prints the rules of %s again as they were loaded', async (_, farm) => {
    const wanted = wantedRules(farm)
    expect(ourRules(await loaded(variant, transaction([], wanted)))).toEqual(wanted)
  })

  test.each(['INPUT', 'PIFARM'])(
    'passes the checks of a first plan, and not a spoilt one: %s',
    async (word) => {
      const plan = await planOf(farmOf(['HLSPi1'], clients), nasWith(''))
      expect(plan.checks).toHaveLength(2)
      for (const { input = '' } of plan.checks) {
        expect((await tested(variant, input)).exitCode).toBe(0)
        const spoilt = input.replace(
          `-A PIFARM-NFS -s 10.77.0.10/32`,
          `-A ${word} -s 10.77.0.300/32`,
        )
        expect((await tested(variant, spoilt)).exitCode).not.toBe(0)
      }
    },
  )
})

test('NFS is refused to all but the Pis and the named, the NAS itself first of all', () => {
  expect(
    wantedRules(farmOf(['HLSPi1'], clients)).filter((line) => line.startsWith('-A PIFARM-NFS')),
  ).toEqual([
    '-A PIFARM-NFS -i lo -j ACCEPT',
    '-A PIFARM-NFS -s 10.77.0.10/32 -m comment --comment "pifarm:HLSPi1" -j ACCEPT',
    '-A PIFARM-NFS -s 10.77.0.5/32 -j ACCEPT',
    '-A PIFARM-NFS -s 10.78.0.0/24 -j ACCEPT',
    '-A PIFARM-NFS -j REJECT --reject-with icmp-port-unreachable',
  ])
})

test("the controller is for the farm and the named; without one its port is nobody's concern", () => {
  const farm = farmOf(['HLSPi1'], { controller_clients: ['10.80.0.0/16'] }, 8090)
  expect(wantedRules(farm).filter((line) => line.includes('PIFARM-CONTROLLER'))).toEqual([
    ':PIFARM-CONTROLLER - [0:0]',
    '-A PIFARM -p tcp -m tcp --dport 8090 -j PIFARM-CONTROLLER',
    '-A PIFARM-CONTROLLER -i lo -j ACCEPT',
    '-A PIFARM-CONTROLLER -s 10.77.0.0/24 -j ACCEPT',
    '-A PIFARM-CONTROLLER -s 10.80.0.0/16 -j ACCEPT',
    '-A PIFARM-CONTROLLER -j REJECT --reject-with icmp-port-unreachable',
  ])
  expect(wantedRules(farmOf(['HLSPi1'])).join()).not.toContain('CONTROLLER')
})

test('a first plan changes kernel and file, and looks that it took', async () => {
  const farm = farmOf(['HLSPi1'])
  const plan = await planOf(farm, nasWith(''))
  expect(plan.changes.map((change) => (change.kind === 'put' ? change.path : change.kind))).toEqual(
    ['live-rules', '/etc', '/etc/iptables', '/etc/iptables/rules.v4'],
  )
  const [probe] = plan.probes
  expect(await probe?.look(nasWith(savedOf(farm)))).toBeUndefined()
  expect(await probe?.look(nasWith(''))).toBe('the kernel lacks the rule :PIFARM - [0:0]')
  expect(await probe?.look(nasWith(savedOf(farmOf(['HLSPi1', 'HLSPi2']))))).toMatch(
    /still has .*HLSPi2/,
  )
})

test('asks nothing but iptables-save where all is as wanted', async () => {
  const farm = farmOf(['HLSPi1'])
  const nas = nasWith(savedOf(farm), mergeRules('', wantedRules(farm)))
  expect(await planOf(farm, nas)).toMatchObject({
    changes: [],
    checks: [],
    probes: [],
    warnings: [],
  })
  expect(nas.asked).toEqual([['iptables-save', '-t', 'filter']])
})

test('a lost chain is loaded again, the right file left alone', async () => {
  const farm = farmOf(['HLSPi1'])
  const plan = await planOf(farm, nasWith('*filter\nCOMMIT\n', mergeRules('', wantedRules(farm))))
  expect(plan.changes.map(({ kind }) => kind)).toEqual(['live-rules'])
})

test('a jump behind rules of others moves to the first place', async () => {
  const farm = farmOf(['HLSPi1'])
  const saved = savedOf(farm).replace('-A INPUT', '-A INPUT -j ACCEPT\n-A INPUT')
  const [change] = (await planOf(farm, nasWith(saved))).changes
  expect(change?.why).toMatch(/moves to the first place/)
})

test('a farm that does not manage the firewall has nothing done to it', async () => {
  const farm = farmOf(['HLSPi1'], { manage: false })
  const nas = nasWith('')
  expect(await planOf(farm, nas)).toMatchObject({ changes: [], probes: [] })
  expect(firewall.probes(farm)).toEqual([])
  expect(nas.asked).toEqual([])
})

describe('refuses', () => {
  test('a rules file that was broken before', async () => {
    const nas = fakeNas(
      { '/etc/iptables/rules.v4': '*filter\n-A INPUT -s 10.0.0.300 -j ACCEPT\nCOMMIT\n' },
      {
        ask: (argv) => (argv[0] === 'unshare' ? output('', 2, 'host/network not found') : output()),
      },
    )
    await expect(planOf(farmOf([]), nas)).rejects.toThrow(
      '/etc/iptables/rules.v4 was already broken before pifarm: host/network not found',
    )
  })
})

describe('warns of', () => {
  test.each<[string, string, boolean]>([
    ['a dropping INPUT without ESTABLISHED', ':INPUT DROP [0:0]', true],
    [
      'a final REJECT without ESTABLISHED',
      '-A INPUT -j REJECT --reject-with icmp-port-unreachable',
      true,
    ],
    ['no open INPUT', ':INPUT ACCEPT [0:0]', false],
    [
      'no INPUT with ESTABLISHED',
      ':INPUT DROP [0:0]\n-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
      false,
    ],
  ])('%s', async (_, lines, warned) => {
    const { warnings } = await planOf(farmOf([]), nasWith(`*filter\n${lines}\nCOMMIT\n`))
    expect(warnings.some((line) => line.includes('TFTP would stop'))).toBe(warned)
  })

  test('legacy rules beside', async () => {
    const stderr =
      '# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n'
    const nas = fakeNas({}, { ask: () => output('', 0, stderr) })
    expect((await planOf(farmOf([]), nas)).warnings[0]).toMatch(/iptables-legacy rules are loaded/)
  })

  test.each<[string, string, boolean]>([
    ['a native inet table', 'inet mine', true],
    ['a native ip table', 'ip mine', true],
    ['an IPv6 table', 'ip6 mine', false],
    ['iptables’ own tables', 'ip mangle', false],
  ])('the real nft shows %s', async (_, table, warned) => {
    const chain = `{ type filter hook input priority 0; policy drop; }`
    const { stdout } = await inNamespace(
      `nft add table ${table} && nft add chain ${table} in '${chain}' && nft -j list chains`,
    )
    const { warnings } = await planOf(farmOf([]), nasWith('', undefined, stdout))
    expect(warnings.some((line) => line.includes('also decides about input'))).toBe(warned)
  })

  test('the rules it names for nft are rules that nft takes', async () => {
    const setUp = `nft add table inet mine && nft add chain inet mine in '{ type filter hook input priority 0; }'`
    const { stdout } = await inNamespace(`${setUp} && nft -j list chains`)
    const { warnings } = await planOf(farmOf([]), nasWith('', undefined, stdout))
    const rules = [...(warnings[0] ?? '').matchAll(/`(nft insert[^`]+)`/g)].map(
      ([, rule = '']) => rule,
    )
    expect(rules).toHaveLength(2)
    const quoted = rules.map((rule) => rule.replace('{', "'{").replace('}', "}'"))
    expect((await inNamespace([setUp, ...quoted].join(' && '))).exitCode).toBe(0)
  })

  test('an active ufw, and then does not advise a package that conflicts with it', async () => {
    const nas = fakeNas({ '/etc/ufw/ufw.conf': 'ENABLED=yes\n' }, { ask: () => output() })
    const { warnings } = await planOf(farmOf([]), nas)
    expect(warnings).toEqual([expect.stringContaining('ufw is active')])
  })

  test('a file that nothing loads', async () => {
    expect((await planOf(farmOf([]), nasWith(''))).warnings).toEqual([
      'nothing loads /etc/iptables/rules.v4 at boot: apt install iptables-persistent',
    ])
  })
})

function farmOf(names: readonly string[], settings = {}, controllerPort?: number): Farm {
  return makeFarm(
    'farm.yaml',
    farmSchema.parse({
      nas: { address: '10.77.0.1', interface: 'eth0' },
      network: { subnet: '10.77.0.0/24', addresses: '10.77.0.10-10.77.0.99' },
      firewall: settings,
      ...(controllerPort && { controller: { enable: true, port: controllerPort } }),
      pis: names.map((name, n) => ({
        name,
        mac: `b8:27:eb:00:00:0${n}`,
        address: `10.77.0.${10 + n}`,
        muxid: n + 1,
      })),
    }),
  )
}

async function planOf(farm: Farm, nas: Reader): Promise<ResourcePlan> {
  const fresh = {
    machineId: () => 'not asked',
    token: () => 'not asked',
    hostKey: async () => ({ privateKey: '', publicKey: '' }),
  }
  return await firewall.plan({ farm, nas, fresh, owned: new Set(), purge: false, runId: 'r' })
}

function nasWith(saved: string, rules?: string, nft?: string) {
  const ask = (argv: readonly string[]): Output => {
    if (argv[0] === 'iptables-save') return output(saved)
    if (argv[0] === 'nft') return nft === undefined ? output('', 127) : output(nft)
    return output()
  }
  return fakeNas(rules === undefined ? {} : { '/etc/iptables/rules.v4': rules }, { ask })
}

function savedOf(farm: Farm): string {
  return mergeRules('', wantedRules(farm))
}

async function loaded(variant: string, text: string): Promise<string> {
  const script = `iptables-${variant}-restore --noflush -w 5 && iptables-${variant}-save -t filter`
  return (await execa('unshare', ['-n', 'sh', '-c', script], { input: text })).stdout
}

async function tested(variant: string, input: string) {
  const argv = ['-n', `iptables-${variant}-restore`, '--noflush', '-w', '5', '--test']
  return await execa('unshare', argv, { input, reject: false })
}

/** A program that is missing fails the test by its name, for nothing is caught here. */
async function inNamespace(script: string) {
  return await execa('unshare', ['-n', 'sh', '-c', script])
}
