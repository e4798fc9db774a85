import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { execa } from 'execa'
import { afterEach, describe, expect, test } from 'vitest'
import { type Farm, makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import type { Reader } from '../../src/host/host.ts'
import { localHost } from '../../src/host/local.ts'
import type { ResourcePlan } from '../../src/plan/change.ts'
import { runCheck } from '../../src/plan/check.ts'
import { failedTrial } from '../../src/plan/trial.ts'
import { dhcp } from '../../src/resources/dhcp/dhcp.ts'
import { addressesInUse, readDhcpFacts } from '../../src/resources/dhcp/facts.ts'
import type { Look } from '../../src/resources/resource.ts'
import { fakeNas, output } from '../support/fake-nas.ts'

const conf = '/etc/dhcp/dhcpd.conf'
const subnet = 'subnet 10.77.0.0 netmask 255.255.255.0 { }\n'
const pi1 = { name: 'HLSPi1', mac: 'b8:27:eb:33:34:7a', address: '10.77.0.11', muxid: 1 }

function farmOf(pis: readonly object[] = [pi1], more: object = {}): Farm {
  const settings = farmSchema.parse({
    nas: { address: '10.77.0.1', interface: 'eth0' },
    network: { subnet: '10.77.0.0/24', addresses: '10.77.0.10-10.77.0.99' },
    pis,
    ...more,
  })
  return makeFarm('farm.yaml', settings)
}

function planOf(nas: Reader, farm: Farm): Promise<ResourcePlan> {
  return dhcp.plan({ farm, nas } as Look)
}

async function applied(farm: Farm, text: string) {
  const nas = fakeNas({ [conf]: text })
  for (const change of (await planOf(nas, farm)).changes)
    if (change.kind === 'put') await nas.put(change.path, change.after)
  return nas
}

describe('the plan', () => {
  test('adds one file and one include, and then has nothing to do', async () => {
    const nas = fakeNas({ [conf]: subnet })
    const plan = await planOf(nas, farmOf())
    expect(plan.changes.map((change) => change.kind === 'put' && change.path)).toEqual([
      '/etc/dhcp/pifarm.conf',
      conf,
    ])
    expect(plan.reloads).toHaveLength(2)
    expect(plan.probes).toHaveLength(1)
    const after = await applied(farmOf(), subnet)
    expect(await planOf(after, farmOf())).toMatchObject({ changes: [], checks: [], reloads: [] })
  })

  test('a Pi is told its address and the boot server in all three ways', async () => {
    const nas = await applied(farmOf(), subnet)
    expect(await nas.read('/etc/dhcp/pifarm.conf')).toMatchObject({
      text: [
        '# Managed by pifarm. Edit farm.yaml and run `pifarm apply`.',
        '',
        'host HLSPi1 {',
        '  hardware ethernet b8:27:eb:33:34:7a;',
        '  fixed-address 10.77.0.11;',
        '  option host-name "HLSPi1";',
        '  next-server 10.77.0.1;',
        '  option tftp-server-name "10.77.0.1";',
        '  option vendor-encapsulated-options "Raspberry Pi Boot   ";',
        '  option vendor-class-identifier "PXEClient";',
        '}',
        '',
      ].join('\n'),
    })
  })

  test('without Pis the file stays with its header', async () => {
    const nas = await applied(farmOf([]), subnet)
    expect(await nas.read('/etc/dhcp/pifarm.conf')).toMatchObject({
      text: '# Managed by pifarm. Edit farm.yaml and run `pifarm apply`.\n',
    })
  })

  test.each([
    'include "/etc/dhcp/pifarm.conf";',
    'group {\n INCLUDE\n"/etc/dhcp/pifarm.conf"  ; }',
  ])("a person's own include is enough: %j", async (include) => {
    const nas = await applied(farmOf(), `${subnet}${include}\n`)
    expect(await nas.read(conf)).toMatchObject({ text: `${subnet}${include}\n` })
  })

  test('a commented include is none', async () => {
    const nas = await applied(farmOf(), `${subnet}#include "/etc/dhcp/pifarm.conf";\n`)
    const entry = await nas.read(conf)
    expect(entry?.kind === 'file' && entry.text).toMatch(/^include "\/etc\/dhcp\/pifarm.conf";$/m)
  })

  test('in a block inside dhcpd.conf where the paths are the same', async () => {
    const farm = farmOf([pi1], { paths: { dhcp: conf } })
    const nas = await applied(farm, subnet)
    expect(await nas.list('/etc/dhcp')).toEqual(new Map([['dhcpd.conf', 'file']]))
    expect((await planOf(nas, farm)).changes).toEqual([])
  })

  test('warns of an interface that nobody declares, as long as no Pi needs it', async () => {
    const plan = await planOf(fakeNas({ [conf]: '' }), farmOf([]))
    expect(plan.warnings.join()).toMatch(/no subnet with 10\.77\.0\.1.*eth0.*declare_subnet: true/)
    await expect(planOf(fakeNas({ [conf]: '' }), farmOf())).rejects.toThrow('declares no subnet')
  })

  test('refuses where dhcpd.conf is missing', async () => {
    await expect(planOf(fakeNas(), farmOf())).rejects.toThrow(`${conf} does not exist`)
  })
})

describe('refuses what dhcpd -t lets pass', () => {
  test.each([
    ['host x { hardware ethernet B8:27:EB:33:34:7A; }', 'MAC address "b8:27:eb:33:34:7a"', 2],
    ['host x {\n hardware ethernet b8 : 27:eb:33:34:7a; }', 'MAC address', 2],
    ['host x { fixed-address foo.lan, 10.77.0.011; }', 'address "10.77.0.11"', 2],
    ['group { # {\n  host HLSPi1 { } }', 'name "HLSPi1"', 3],
    ['host hlsPI1 { }', 'name "HLSPi1"', 2],
    ['subnet 10.78.0.0 netmask 255.255.0.0 {\n range 10.77.0.9 10.77.0.12; }', 'range 10.77', 3],
    ['pool { range dynamic-bootp 10.77.0.11; }', 'dynamic range 10.77.0.11-10.77.0.11', 2],
  ])('%j', async (text, what, line) => {
    const plan = planOf(fakeNas({ [conf]: subnet + text }), farmOf())
    await expect(plan).rejects.toThrow(what)
    await expect(plan).rejects.toThrow(`${conf}:${line}`)
    await expect(plan).rejects.toThrow('Pi HLSPi1 in farm.yaml')
  })

  test('an address outside every subnet', async () => {
    const text = 'subnet 10.77.0.0 netmask 255.255.255.248 { }'
    await expect(planOf(fakeNas({ [conf]: text }), farmOf())).rejects.toThrow(
      'outside every subnet',
    )
  })

  test('a subnet declared twice', async () => {
    const farm = farmOf([], { dhcp: { declare_subnet: true } })
    const plan = planOf(fakeNas({ [conf]: `\n${subnet}` }), farm)
    await expect(plan).rejects.toThrow(`already declared at ${conf}:2`)
  })
})

test('facts come from includes too, with their own file and line', async () => {
  const nas = fakeNas({
    [conf]: `deny unknown-clients;\noption x "a\\"; {\n";\ninclude "/etc/dhcp/more.conf";\n`,
    '/etc/dhcp/more.conf': { kind: 'link', target: 'real.conf' },
    '/etc/dhcp/real.conf':
      'include "/etc/dhcp/more.conf";\nhost a { fixed-address 10.77.0.5; next-server 10.0.0.1; }\nrange 10.77.0.20 10.77.0.30;',
  })
  const facts = await readDhcpFacts(nas, farmOf())
  expect(facts.hosts).toMatchObject([{ name: 'a', at: '/etc/dhcp/more.conf:2' }])
  const { taken, inRange } = addressesInUse(facts)
  expect([...taken]).toEqual(['10.77.0.5'])
  expect([inRange('10.77.0.19'), inRange('10.77.0.30')]).toEqual([
    undefined,
    '10.77.0.20-10.77.0.30',
  ])
})

describe('the probe', () => {
  const alive = {
    '/run/dhcpd.pid': '77\n',
    '/proc/77/stat': '77 (dhcpd) S 1 77',
    '/proc/net/udp': '  sl  local_address\n  1: 00000000:0043 00000000:0000 07\n',
  }
  const restarted = () => output('/run/dhcpd.pid\n')

  test('a restart that did nothing is seen by the age of the pid file', async () => {
    const nas = fakeNas(alive, { ask: () => output('') })
    expect(await dhcp.probes(farmOf())[0]?.look(nas)).toContain('dhcpd was not restarted')
  })

  test.each([
    [{}, undefined],
    [{ '/run/dhcpd.pid': '' }, 'no process number'],
    [{ '/run/dhcpd.pid': '78\n' }, 'names 78'],
    [{ '/proc/77/stat': '77 (bash) S 1' }, 'not running'],
    [{ '/proc/77/stat': '77 (dhcpd) Z 1' }, 'not running'],
    [{ '/proc/net/udp': '  1: 00000000:0044 00000000:0000' }, 'nothing holds UDP port 67'],
  ])('%j', async (different, wrong) => {
    const said = await dhcp
      .probes(farmOf())[0]
      ?.look(fakeNas({ ...alive, ...different }, { ask: restarted }))
    if (wrong === undefined) expect(said).toBeUndefined()
    else expect(said).toContain(wrong)
  })
})

describe('shown to the real dhcpd', () => {
  const dirs: string[] = []
  afterEach(() => {
    for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true })
  })

  function inDir(text: string | Buffer, more: object = {}, paths: object = {}) {
    const dir = mkdtempSync(`${tmpdir()}/pifarm-dhcp-`)
    dirs.push(dir)
    writeFileSync(`${dir}/dhcpd.conf`, text)
    const farm = farmOf(
      [
        pi1,
        {
          ...pi1,
          name: '1e5',
          mac: 'b8:27:eb:00:00:01',
          address: '10.77.0.12',
          muxid: 2,
        },
      ],
      {
        paths: { dhcp: `${dir}/pifarm.conf`, dhcpd_conf: `${dir}/dhcpd.conf`, ...paths },
        services: { dhcp: { test: ['dhcpd', '-4', '-t', '-cf'] } },
        ...more,
      },
    )
    return { dir, farm, nas: localHost() }
  }

  test.each([
    ['hand-written subnet', Buffer.from(`# caf\xe9\r\n${subnet.trim()}`, 'latin1'), {}],
    ['own subnet', '', { dhcp: { declare_subnet: true } }],
    [
      'own subnet with everything',
      '',
      {
        dhcp: { declare_subnet: true },
        network: {
          subnet: '10.77.0.0/24',
          gateway: '10.77.0.254',
          dns: ['10.77.0.1', '9.9.9.9'],
          domain: 'farm.lan',
          addresses: '10.77.0.10-10.77.0.99',
        },
      },
    ],
  ])('%s: checks pass, what is written passes', async (_, text, more) => {
    const { dir, farm, nas } = inDir(text, more)
    const plan = await planOf(nas, farm)
    for (const check of plan.checks) await runCheck(check, nas)
    for (const change of plan.changes)
      if (change.kind === 'put') await nas.put(change.path, change.after)
    await execa('dhcpd', ['-4', '-t', '-q', '-cf', `${dir}/dhcpd.conf`])
    expect(readFileSync(`${dir}/dhcpd.conf`).subarray(0, text.length)).toEqual(Buffer.from(text))
    expect((await planOf(nas, farm)).changes).toEqual([])
  })

  test('a file that was broken before is told so, with its line', async () => {
    const { dir, farm, nas } = inDir(`${subnet}foo bar;\n`)
    const { checks, reloads } = await planOf(nas, farm)
    const [[baseline], trial] = [checks, reloads.at(-1)?.trial]
    if (baseline === undefined || trial === undefined) throw new Error('no check')
    const line = `${dir}/dhcpd.conf line 2: `
    await expect(runCheck(baseline, nas)).rejects.toThrow(
      `was already broken before pifarm: ${line}`,
    )
    expect(await failedTrial(trial, nas)).toMatch(new RegExp(`^${line}`))
  })

  test('files that include one another, on which dhcpd crashes, are told so', async () => {
    const { dir, farm, nas } = inDir('')
    writeFileSync(`${dir}/dhcpd.conf`, `${subnet}include "${dir}/a.conf";\n`)
    writeFileSync(`${dir}/a.conf`, `include "${dir}/b.conf";\n`)
    writeFileSync(`${dir}/b.conf`, `include "${dir}/a.conf";\n`)
    const { checks, reloads } = await planOf(nas, farm)
    const [[baseline], trial] = [checks, reloads.at(-1)?.trial]
    if (baseline === undefined || trial === undefined) throw new Error('no check')
    const crash = `dhcpd crashes on ${dir}/dhcpd.conf: does a file include itself there?`
    await expect(runCheck(baseline, nas)).rejects.toThrow(crash)
    expect(await failedTrial(trial, nas)).toBe(crash)
  })

  test('a damaged file of our own does not stop its repair', async () => {
    const { dir, farm, nas } = inDir(subnet)
    writeFileSync(`${dir}/dhcpd.conf`, `${subnet}include "${dir}/pifarm.conf";\n`)
    for (const damage of ['# Managed by pifarm.\nhost {', undefined]) {
      if (damage === undefined) rmSync(`${dir}/pifarm.conf`)
      else writeFileSync(`${dir}/pifarm.conf`, damage)
      for (const check of (await planOf(nas, farm)).checks) await runCheck(check, nas)
    }
  })

  test('what the candidate breaks is said with the real name, through a nested include', async () => {
    const { dir, farm, nas } = inDir('')
    writeFileSync(`${dir}/dhcpd.conf`, `${subnet}include "${dir}/more.conf";\n`)
    writeFileSync(`${dir}/more.conf`, `include "${dir}/pifarm.conf";\n`)
    const candidate = (await planOf(nas, farm)).checks[1]
    if (candidate === undefined) throw new Error('no check')
    await runCheck(candidate, nas)
    const broken = {
      ...candidate,
      staged: candidate.staged.map(({ path, text }) => ({
        path,
        text: text.replace('fixed-address', 'fixed-adress'),
      })),
    }
    await expect(runCheck(broken, nas)).rejects.toThrow(`${dir}/pifarm.conf line 5: `)
  })
})
