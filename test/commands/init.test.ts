import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/host/host.ts'
import { dir, file } from '../support/fake-nas.ts'
import {
  addHlsPi1,
  config,
  farmNas,
  inForce,
  initCommand,
  readyFarm,
  syslog,
  textOn,
} from '../support/farm-nas.ts'

describe('with flags', () => {
  test('asks nothing, and lays the base of every resource', async () => {
    const nas = farmNas()
    const { code, questions, stderr } = await nas.pifarm(initCommand)
    expect({ code, questions }).toEqual({ code: 0, questions: [] })
    expect(stderr).toContain('`pifarm undo` takes it back')
    expect(textOn(nas, config)).toMatch(/gateway: 10.77.0.254\n {2}dns: \[10.77.0.254\]\n/)
    expect(textOn(nas, config)).toContain('nfs_clients: [10.77.0.20]')
    expect(textOn(nas, config)).not.toContain('declare_subnet')
    expect(textOn(nas, '/etc/dhcp/dhcpd.conf')).toContain('include "/etc/dhcp/pifarm.conf";')
    expect(textOn(nas, inForce.rules)).toMatch(/-A INPUT -j PIFARM\n-A INPUT -m conntrack/)
    expect(textOn(nas, inForce.rpc)).toContain('33049 mountd')
    expect(nas.snapshot()).toHaveProperty(['/srv/tftp/templates/template/start.elf'])
    expect((await nas.pifarm('plan --exit-code')).code).toBe(0)
  })

  test('daemons that do not start at boot are named, with what to do', async () => {
    const nas = farmNas({ disabled: ['isc-dhcp-server', 'nfs-server.service'] })
    const { code, stderr } = await nas.pifarm(initCommand)
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining('systemctl enable isc-dhcp-server nfs-server.service'),
    ])
    expect((await farmNas().pifarm(initCommand)).stderr).not.toContain('systemctl enable')
  })

  test('a farm.yaml below directories that are missing gets them all, and undo takes them', async () => {
    const nas = farmNas()
    const deep = '/srv/nas/farm/farm.yaml'
    expect((await nas.pifarm(`${initCommand} -c ${deep}`)).code).toBe(0)
    expect(textOn(nas, deep)).toContain('address: 10.77.0.1')
    expect((await nas.pifarm(`undo --yes -c ${deep}`)).code).toBe(0)
    expect(nas.snapshot()).not.toHaveProperty(['/srv/nas'])
  })

  test('each lands in farm.yaml', async () => {
    const nas = farmNas({ files: { '/mnt/roots': dir() } })
    const { code } = await nas.pifarm([
      ...['init', '--yes', '--interface', 'eth0', '--address', '10.77.0.1'],
      ...['--subnet', '10.77.0.0/25', '--gateway', '10.77.0.3', '--dns', '10.77.0.3,9.9.9.9'],
      ...['--domain', 'pis.example', '--addresses', '10.77.0.60-10.77.0.69'],
      ...['--template', 'bookworm', '--set', 'paths.roots=/mnt/roots'],
      ...['--set', 'services.dhcp.restart=[systemctl, restart, isc-dhcp-server]'],
      ...['--set', 'firewall.manage=false'],
    ])
    expect(code).toBe(0)
    expect(textOn(nas, config)).toMatchInlineSnapshot(`
      "# The farm: what is wanted on this NAS. Every setting, with its default: docs/farm.yaml of pifarm.
      # After a change by hand: \`pifarm plan\` shows what it means, \`pifarm apply\` does it.

      nas:
        address: 10.77.0.1
        interface: eth0

      network:
        subnet: 10.77.0.0/25
        gateway: 10.77.0.3
        dns: [10.77.0.3, 9.9.9.9]
        domain: pis.example
        # What add-pi may give out. Keep it outside every dynamic range of dhcpd.conf.
        addresses: 10.77.0.60-10.77.0.69

      firewall:
        # Others who were being served before the farm came.
        nfs_clients: [10.77.0.20]
        manage: false

      defaults:
        template: bookworm
      paths:
        roots: /mnt/roots
      services:
        dhcp:
          restart:
            - systemctl
            - restart
            - isc-dhcp-server
      pis: []
      "
    `)
    expect(textOn(nas, inForce.rules)).not.toContain('PIFARM')
  })

  test('the network of another interface is found by its name', async () => {
    const nas = farmNas()
    const { code } = await nas.pifarm(
      'init --yes --interface wlan0 --addresses 192.168.8.50-192.168.8.59',
    )
    expect(code).toBe(0)
    // That the default route leads elsewhere, so this network has no gateway that is known.
    expect(textOn(nas, config)).toContain('subnet: 192.168.8.0/24\n  dns:')
    expect(textOn(nas, config)).toContain('declare_subnet: true')
    expect(textOn(nas, '/etc/dhcp/pifarm.conf')).toContain('subnet 192.168.8.0')
  })

  test.each([
    ['--interface eth7', /no interface eth7 with an IPv4 address/],
    ['--subnet 10.77.0.5/24', /^bad --subnet "10.77.0.5\/24": the host bits/],
    ['--addresses 10.77.0.9', /^bad --addresses "10.77.0.9": a range is two addresses/],
    ['--addresses 10.99.0.1-10.99.0.9', /"10.99.0.1" is not in the subnet 10.77.0.0\/24/],
    ['--template ../x', /^bad --template "..\/x": a template name/],
    ['--set paths.roots', /^--set "paths.roots": not of the form/],
    ['--set paths.rots=/x', /unknown setting "paths.rots", did you mean roots\?/],
    ['--set paths.roots=/x/../y', /paths.roots: .*without \.\./],
    ['--dns a;b', /^bad --dns "a;b": an IPv4 address/],
    [
      '--set pis=[]',
      /^--set "pis=\[\]": a farm begins without a Pi: put each in with pifarm add-pi/,
    ],
    ['--set pis.0.name=x', /^--set "pis.0.name=x": a farm begins without a Pi/],
    ['--set nas.address={', /^--set "nas.address=\{": not a value that YAML knows: write it as/],
    ['--address 10.77.0.7', /^eth0 has no address 10.77.0.7 \(found 10.77.0.1\): give it that/],
    ['--address 192.168.8.5', /^eth0 has no address 192.168.8.5 \(found 10.77.0.1\)/],
    ['--domain x{}', /^bad --domain "x\{\}": a domain is labels/],
  ])('%s is refused, and nothing has changed', async (flags, message) => {
    // Before any package is installed, too.
    const nas = farmNas({ lacking: ['tftpd-hpa'] })
    const before = nas.snapshot()
    const { code, error, hint } = await nas.pifarm(`init --yes --install ${flags}`)
    expect(nas.ran).toEqual([])
    expect([error, hint].join(': ')).toMatch(message)
    expect(code).toBe(2)
    expect(nas.snapshot()).toEqual(before)
  })
})

const answers = ['eth0', '10.77.0.1', '10.77.0.0/24', '10.77.0.60-10.77.0.69']

describe('with questions', () => {
  test('asks what no flag says, then whether to do it', async () => {
    const nas = farmNas()
    const { code, questions } = await nas.pifarm('init', { answers: [...answers, true] })
    expect(code).toBe(0)
    expect(questions).toEqual([
      'Network interface the Pis are on (--interface)',
      "The NAS's address there (--address)",
      'The network of the Pis (--subnet)',
      'Addresses that add-pi may give out (--addresses)',
      'Make this NAS a farm?',
    ])
    expect(textOn(nas, config)).toContain('addresses: 10.77.0.60-10.77.0.69')
  })

  test('a no leaves the NAS as it was', async () => {
    const nas = farmNas()
    const before = nas.snapshot()
    const { code, error } = await nas.pifarm('init', { answers: [...answers, false] })
    expect(error).toBe('declined: nothing was changed')
    expect(code).toBe(7)
    expect(nas.snapshot()).toEqual(before)
  })

  test('missing packages are listed and installed after a yes', async () => {
    const nas = farmNas({ lacking: ['tftpd-hpa', 'iptables-persistent'] })
    const [name, address, subnet, range] = answers
    const given = [name, address, subnet, true, range, true] as const
    const outcome = await nas.pifarm('init', { answers: given.flatMap((one) => one ?? []) })
    expect(outcome.questions[3]).toMatch(/^Install them from Debian now/)
    expect(outcome.stderr).toContain('not installed: tftpd-hpa iptables-persistent')
    expect(nas.ran.map((argv) => argv.slice(2).join(' ')).slice(0, 2)).toEqual([
      'apt-get update',
      'apt-get install -y --no-install-recommends tftpd-hpa iptables-persistent',
    ])
  })

  test('--no-install asks nothing about them', async () => {
    const nas = farmNas({ lacking: ['tftpd-hpa'] })
    const { questions } = await nas.pifarm('init --no-install', { answers: [...answers, true] })
    expect(questions).toHaveLength(5)
  })
})

describe('the router of the Pis', () => {
  const isolated = { routes: [] }
  const onWlan = 'init --yes --interface wlan0 --addresses 192.168.8.50-192.168.8.59'
  const [name = '', address = '', subnet = '', range = ''] = answers
  const question = 'Their router, or none (--gateway)'

  test.each([
    ['10.77.0.254', /gateway: 10.77.0.254/],
    // The NAS may be it.
    ['10.77.0.1', /gateway: 10.77.0.1\n/],
    ['none', /subnet: 10.77.0.0\/24\n {2}dns/],
  ])('is asked for where no route names one: %s', async (router, written) => {
    const nas = farmNas(isolated)
    const outcome = await nas.pifarm('init', {
      answers: [name, address, subnet, router, range, true],
    })
    expect(outcome.questions[3]).toBe(question)
    expect(outcome.stderr).toContain(
      'eth0 has no default route: without a router the Pis reach nothing beyond 10.77.0.0/24,',
    )
    expect(textOn(nas, config)).toMatch(written)
  })

  test('is asked for where the one of the route lies elsewhere, and has to be in their network', async () => {
    const routes = [{ dev: 'eth0', gateway: '10.77.1.1' }]
    const asked = (router: string) =>
      farmNas({ routes }).pifarm('init', { answers: [name, address, subnet, router, range, true] })
    const outcome = await asked('none')
    expect(outcome.questions[3]).toBe(question)
    expect(outcome.stderr).toContain('"10.77.1.1" is not in the subnet 10.77.0.0/24: without')
    await expect(asked('10.77.1.1')).rejects.toThrow('"10.77.1.1" is not in the subnet')
    expect(await farmNas().pifarm('init --yes --gateway 10.77.1.1')).toMatchObject({
      code: 2,
      error: 'bad --gateway "10.77.1.1"',
    })
  })

  test('is that of the default route of their interface, be it the second', async () => {
    const routes = [
      { dev: 'eth0', gateway: '10.77.0.254' },
      { dev: 'wlan0', gateway: '192.168.8.1' },
    ]
    const nas = farmNas({ routes })
    expect((await nas.pifarm(onWlan)).stderr).not.toContain('without a router')
    expect(textOn(nas, config)).toContain('gateway: 192.168.8.1')
  })

  test('without a terminal, one that is missing is said and init goes on', async () => {
    const { code, stderr } = await farmNas().pifarm(onWlan)
    expect(code).toBe(0)
    expect(stderr).toContain(
      'wlan0 has no default route: without a router the Pis reach nothing beyond 192.168.8.0/24,',
    )
    expect(stderr).toContain('--gateway none')
  })

  test.each(['--gateway none', '--set network.gateway=192.168.8.9'])(
    '%s says it, and nothing more is said',
    async (flags) => {
      const { code, stderr } = await farmNas().pifarm(`${onWlan} ${flags}`)
      expect(code).toBe(0)
      expect(stderr).not.toContain('without a router')
    },
  )
})

test('the suggested addresses are those that nobody has', async () => {
  const nas = farmNas()
  await nas.pifarm('init --yes')
  // .51 is the printer, .100-.200 is dhcpd's own range, .254 the gateway.
  expect(textOn(nas, config)).toContain('addresses: 10.77.0.201-10.77.0.250')
})

test('twice does nothing the second time', async () => {
  const nas = farmNas()
  await nas.pifarm(initCommand)
  const [before, mutations] = [nas.snapshot(), nas.mutations]
  const { code, stderr } = await nas.pifarm(initCommand)
  expect(code).toBe(0)
  expect(stderr).toContain('nothing to do')
  expect(nas.mutations).toBe(mutations)
  expect(nas.snapshot()).toEqual(before)
})

test('a farm whose farm.yaml has another name is not taken apart', async () => {
  const nas = await readyFarm([addHlsPi1])
  const text = textOn(nas, config)
  nas.poke(config, undefined)
  nas.poke('/etc/pifarm/old.yaml', text)
  const before = nas.snapshot()
  for (const words of [initCommand, `${initCommand} --config /etc/pifarm/new.yaml`]) {
    const { code, error, hint } = await nas.pifarm(words)
    expect({ code, error }).toEqual({
      code: 2,
      error: 'this NAS has a farm already: /mnt/PiRoots/HLSPi1 is the root of a Pi of it',
    })
    expect(hint).toContain('name its farm.yaml with --config')
  }
  expect(nas.snapshot()).toEqual(before)
  expect((await nas.pifarm('plan --exit-code --config /etc/pifarm/old.yaml')).code).toBe(0)
})

test('a farm that is there is applied again', async () => {
  const nas = farmNas()
  await nas.pifarm(initCommand)
  nas.poke('/etc/exports.d/pifarm.exports', undefined)
  const { code, stderr } = await nas.pifarm('init')
  expect(code).toBe(0)
  expect(stderr).toContain(`${config} is there already: applying it`)
  expect(nas.snapshot()).toHaveProperty(['/etc/exports.d/pifarm.exports'])
})

describe('what was broken before is said and left', () => {
  test.each<[string, Record<string, string | Entry>, RegExp]>([
    [
      'a dhcpd.conf',
      { '/etc/dhcp/dhcpd.conf': 'subnet 10.77.0.0 netmask 255.255.255.0 {\n' },
      /was already broken before pifarm: \/etc\/dhcp\/dhcpd.conf line 2/,
    ],
    [
      'no dhcpd.conf',
      { '/etc/dhcp/dhcpd.conf': { kind: 'link', target: '/nowhere' } },
      /\/etc\/dhcp\/dhcpd.conf does not exist/,
    ],
    [
      'a directory for a dhcpd.conf',
      { '/etc/dhcp/dhcpd.conf': dir() },
      /paths.dhcpd_conf: "\/etc\/dhcp\/dhcpd.conf" is a directory, and no file/,
    ],
    [
      'an exports',
      { '/etc/exports': '/srv/media 10.77.0.20(rw,bogus)\n' },
      /the exports were already broken before pifarm: .*\/etc\/exports:1: unknown keyword "bogus"/,
    ],
    [
      'a rules.v4',
      { '/etc/iptables/rules.v4': file('*filter\n-A NOWHERE -j ACCEPT\nCOMMIT\n') },
      /\/etc\/iptables\/rules.v4 was already broken before pifarm: .*line 2 failed/,
    ],
  ])('%s', async (_, files, message) => {
    const nas = farmNas({ files: { ...files, [syslog]: '' } })
    const before = nas.outside()
    const { code, error } = await nas.pifarm(initCommand)
    expect(error).toMatch(message)
    expect(code).toBe(2)
    expect(nas.outside()).toEqual(before)
  })
})
