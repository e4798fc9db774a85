import { describe, expect, test } from 'vitest'
import type { Entry } from '../../src/host/host.ts'
import { dir, file } from '../support/fake-nas.ts'
import { addHlsPi1, config, type FarmNas, readyFarm, textOn } from '../support/farm-nas.ts'

/** One clear line and a hint, exit 2, and nothing has changed. */
async function refused(nas: FarmNas, words: string | readonly string[], message: RegExp | string) {
  const [before, mutations] = [nas.snapshot(), nas.mutations]
  const { code, error, hint } = await nas.pifarm(words)
  if (typeof message === 'string') expect(error).toBe(message)
  else expect(message.test(error ?? '') ? error : `${error}: ${hint}`).toMatch(message)
  expect(code).toBe(2)
  expect(nas.snapshot()).toEqual(before)
  expect(nas.mutations).toBe(mutations)
  return { error, hint }
}

const mac = 'b8:27:eb:00:00:02'
const add = ['add-pi', '--mac', mac, '--serial', 'aa000002']

describe('a value that cannot be', () => {
  test.each<[readonly string[], RegExp]>([
    [['--mac', 'b8:27:eb:00:00'], /^bad --mac "b8:27:eb:00:00": a MAC address is six pairs of hex/],
    [['--mac', 'b8:27:eb:00:00:0g'], /^bad --mac "b8:27:eb:00:00:0g": a MAC address/],
    [['--mac', '01:00:5e:00:00:01'], /^bad --mac "01:00:5e:00:00:01": a multicast address/],
    [['--mac', 'ff:ff:ff:ff:ff:ff'], /multicast/],
    [['--name', 'my_pi'], /^bad --name "my_pi": a host name is 1 to 63 letters/],
    [['--name', '-pi'], /a host name/],
    [['--name', 'localhost'], /localhost is every machine itself/],
    [['--name', '123'], /a host name is not only digits/],
    [['--name', 'pi.lan'], /a host name/],
    [['--name', 'x'.repeat(64)], /a host name/],
    [['--serial', '3333347'.repeat(2)], /^bad --serial "33333473333347": a serial is 8 hex/],
    [['--serial', '00000000'], /a serial is not zero/],
    [['--ip', '10.77.0.500'], /^bad --ip "10.77.0.500": an IPv4 address/],
    [['--ip', '10.77.0.060'], /an IPv4 address/],
    [['--muxid', '0'], /^bad --muxid "0": must be at least 1$/],
    [['--muxid', 'one'], /^bad --muxid "one": must be a number$/],
    [['--muxid', '1.5'], /^bad --muxid "1.5": must be a number$/],
    [['--gpu-mem', '8'], /^bad --gpu-mem "8": must be at least 16$/],
    [['--decode-mpg2', '12345678'], /^bad --decode-mpg2 "12345678": a codec licence key is 0x/],
    [['--root-options', 'vers=3 tcp'], /^bad --root-options "vers=3 tcp": root options are/],
    [
      ['--cmdline-extra', 'root=/dev/sda1'],
      /^bad --cmdline-extra "root=\/dev\/sda1": root=, nfsroot=/,
    ],
    [['--root-options', 'x'.repeat(201)], /: must be at most 200 characters long$/],
    [['--model', '2'], /^bad --model "2": must be one of 3b, 3b\+, 4, 400, 5, cm4$/],
    [['--template', '../../etc'], /^bad --template "..\/..\/etc": a template name/],
    [['--timeout', 'soon'], /^bad --timeout "soon": must be a number$/],
    [['--timeout', '-3'], /^bad --timeout "-3": must be at least 0.01$/],
  ])('%s', async (words, message) => {
    await refused(await readyFarm(), [...add, ...words], message)
  })
})

/** What a file, a shell or a terminal would take for more than a value. */
describe('a value that would break out never gets anywhere', () => {
  const nasty = [
    'a\nb',
    'a"b',
    "a'b",
    'a;b',
    'a{b}',
    'a}b',
    '../b',
    'a b',
    'a$(b)',
    'a\u001b[2J',
    '',
  ]
  const flags =
    '--mac --name --serial --ip --muxid --template --model --gpu-mem --decode-mpg2 --root-options'
  test.each(flags.split(' '))('%s', async (flag) => {
    const nas = await readyFarm()
    for (const value of nasty) {
      const { error } = await refused(nas, [...add, flag, value], new RegExp(`^bad ${flag} "`))
      expect(error).not.toMatch(/\p{C}/u)
    }
  })

  test('a kernel command line that a Pi would not read to its end', async () => {
    const { hint } = await refused(
      await readyFarm(),
      [...add, '--name', 'HLSPi2', '--cmdline-extra', 'x'.repeat(1000)],
      /^the kernel command line of HLSPi2 has 11\d\d characters$/,
    )
    expect(hint).toMatch(/^a Pi's kernel takes 1023: /)
  })

  test('--cmdline-extra takes words, and no second line', async () => {
    await refused(
      await readyFarm(),
      [...add, '--cmdline-extra', 'a\ninit=/bin/sh'],
      /printable ASCII/,
    )
  })
})

describe('what somebody has already, with its place:', () => {
  test.each([
    ['--name HLSPi1', /^name "HLSPi1" is in use by HLSPi1 \(\/etc\/pifarm\/farm.yaml:24:11\)$/],
    ['--name hlspi1', /^name "hlspi1" is in use by HLSPi1/],
    [
      '--serial 3333347a',
      /^serial "3333347a" is in use by HLSPi1 \(\/etc\/pifarm\/farm.yaml:26:13\)/,
    ],
    [
      '--ip 10.77.0.50',
      /^address "10.77.0.50" is in use by HLSPi1 \(\/etc\/pifarm\/farm.yaml:27:14\)/,
    ],
    ['--muxid 1', /^muxid "1" is in use by HLSPi1 \(\/etc\/pifarm\/farm.yaml:28:12\)/],
    ['--name printer', /"printer" is already used by the host block at \/etc\/dhcp\/dhcpd.conf:10/],
    [
      '--ip 10.77.0.51',
      /"10.77.0.51" is already used by the host block at \/etc\/dhcp\/dhcpd.conf:10/,
    ],
    ['--ip 10.77.0.1', /"10.77.0.1" is the NAS itself/],
    ['--ip 10.77.0.254', /"10.77.0.254" is the gateway/],
    [
      '--ip 10.77.0.150',
      /lies in the dynamic range 10.77.0.100-10.77.0.200 of \/etc\/dhcp\/dhcpd.conf:6/,
    ],
    ['--ip 10.78.0.9', /"10.78.0.9" is not in the subnet 10.77.0.0\/24/],
    ['--ip 10.77.0.255', /10.77.0.255/],
    ['--name template', /"template" is the name of a template/],
    ['--template nowhere', /^there is no template "nowhere" in \/mnt\/PiRoots$/],
  ])('%s', async (words, message) => {
    const nas = await readyFarm([addHlsPi1])
    await refused(nas, [...add, ...words.split(' ')], message)
  })

  test('a MAC of the farm under another name', async () => {
    const nas = await readyFarm([addHlsPi1])
    const { hint } = await refused(
      nas,
      'add-pi --mac b8:27:eb:33:34:7a --name Other',
      'mac "b8:27:eb:33:34:7a" is in use by HLSPi1 (/etc/pifarm/farm.yaml:25:10)',
    )
    expect(hint).toBe('see all with: pifarm list')
  })

  test('a name that the edited farm.yaml could not have', async () => {
    const nas = await readyFarm([addHlsPi1])
    for (const words of [[...add, '--name', 'template'], 'set-pi HLSPi1 --name template']) {
      const { hint } = await refused(nas, words, /"template" is the name of a template$/)
      expect(hint).toBe(`${config} is as it was: correct the flag that says so`)
    }
  })

  test('a MAC of dhcpd.conf', async () => {
    await refused(
      await readyFarm(),
      'add-pi --mac 00:11:22:33:44:55 --serial 11111111 --yes',
      /"00:11:22:33:44:55" is already used by the host block at \/etc\/dhcp\/dhcpd.conf:10/,
    )
  })

  test('the Pi itself with another setting', async () => {
    const nas = await readyFarm([addHlsPi1])
    const { hint } = await refused(
      nas,
      `${addHlsPi1} --gpu-mem 256`,
      'HLSPi1 is in the farm already, with gpu_mem "192"',
    )
    expect(hint).toBe('to change it: pifarm set-pi HLSPi1')
  })

  test('an export of the same root to the same Pi', async () => {
    const nas = await readyFarm()
    nas.poke('/etc/exports', '/mnt/PiRoots/HLSPi1 10.77.0.50(rw)\n/srv/media 10.77.0.20(ro)\n')
    await refused(
      nas,
      `${addHlsPi1} --ip 10.77.0.50`,
      /"\/mnt\/PiRoots\/HLSPi1" is already exported .* at \/etc\/exports:1/,
    )
  })

  test.each(['/mnt/PiRoots/HLSPi1', '/srv/tftp/3333347a'])('%s', async (path) => {
    const nas = await readyFarm()
    nas.poke(path, dir())
    const { hint } = await refused(nas, addHlsPi1, `${path} exists, and pifarm did not make it`)
    expect(hint).toContain(`mv ${path} ${path}.old`)
  })
})

describe('a farm.yaml with a mistake names line and column:', () => {
  test.each([
    [
      'gateway:',
      'gatway:',
      /farm.yaml:10:3 {2}unknown setting "network.gatway", did you mean gateway\?/,
    ],
    [
      'address: 10.77.0.1\n',
      'address: 10.77.0\n',
      /farm.yaml:5:12 {2}nas.address: "10.77.0": an IPv4/,
    ],
    ['pis: []', 'pis: [', /farm.yaml:\d+:\d+ {2}/],
    ['pis: []', 'pis: []\npaths:\n  roots: /mnt/../etc', /paths.roots: .*without \.\./],
    [
      'pis: []',
      'pis: []\npaths:\n  state: relative',
      /paths.state: "relative": a path is absolute/,
    ],
  ])('%j -> %j', async (from, to, message) => {
    const nas = await readyFarm()
    nas.poke(config, textOn(nas, config).replace(from, to))
    for (const command of [addHlsPi1, 'plan', 'apply --yes', 'list', 'find-serial', 'undo --yes'])
      expect((await refused(nas, command, message)).hint).toContain('docs/farm.yaml')
  })

  test('a link is not taken for a farm: an edit would put a file in its place', async () => {
    const nas = await readyFarm()
    const text = textOn(nas, config)
    nas.poke('/srv/git/farm.yaml', text)
    nas.poke(config, undefined)
    nas.poke(config, { kind: 'link', target: '/srv/git/farm.yaml' })
    for (const command of [addHlsPi1, 'list', 'init --yes', 'undo --yes']) {
      const message = `${config} is a link to "/srv/git/farm.yaml"`
      const { hint } = await refused(nas, command, message)
      expect(hint).toBe('name the file itself with --config')
    }
  })

  test('without any it says how to make one', async () => {
    const nas = await readyFarm()
    const { hint } = await refused(
      nas,
      'list --config /nowhere.yaml',
      'there is no farm at /nowhere.yaml',
    )
    expect(hint).toContain('pifarm init')
  })
})

describe('a NAS that cannot do it', () => {
  test.each<[string, Record<string, string | Entry | undefined>, RegExp]>([
    [
      'a dhcpd.conf that was broken before',
      { '/etc/dhcp/dhcpd.conf': 'subnet {\n' },
      /declares no subnet/,
    ],
    [
      'exports that were broken before',
      { '/etc/exports': '/srv/media 10.77.0.20(rw,bogus)\n' },
      /already broken before pifarm: .*\/etc\/exports:1: unknown keyword "bogus"/,
    ],
    [
      'a rules.v4 that was broken before',
      { '/etc/iptables/rules.v4': file('*filter\nnonsense\nCOMMIT\n') },
      /rules.v4 was already broken before pifarm/,
    ],
    ['no template', { '/mnt/PiRoots/template': undefined }, /^there is no template "template"/],
  ])('%s', async (_, files, message) => {
    const nas = await readyFarm()
    for (const [path, entry] of Object.entries(files)) nas.poke(path, entry)
    await refused(nas, addHlsPi1, message)
  })

  test('a dhcpd.conf that was broken before, behind its subnet', async () => {
    const nas = await readyFarm()
    nas.poke('/etc/dhcp/dhcpd.conf', `${textOn(nas, '/etc/dhcp/dhcpd.conf')}foo bar\n`)
    const before = nas.outside()
    const { code, error } = await nas.pifarm(addHlsPi1)
    expect(error).toMatch(/was already broken before pifarm: \/etc\/dhcp\/dhcpd.conf line 17/)
    expect(code).toBe(2)
    expect(nas.outside()).toEqual(before)
  })

  test('a full disk is seen before anything is copied', async () => {
    const nas = await readyFarm([], { freeBytes: 1000 })
    await refused(nas, addHlsPi1, /^\/mnt\/PiRoots has 1 kB free, 1.05 MB are needed$/)
  })

  test.each([
    [['iptables-restore'], 'iptables-restore is not installed', 'apt-get install iptables'],
    [
      ['dhcpd', 'exportfs', 'rpcinfo'],
      'rpcinfo, exportfs, dhcpd are not installed',
      'apt-get install rpcbind nfs-kernel-server isc-dhcp-server',
    ],
  ])('without %s', async (programs, message, advice) => {
    const nas = await readyFarm()
    nas.lacking = async (needed) => needed.filter((program) => programs.includes(program))
    const { hint } = await refused(nas, addHlsPi1, message)
    expect(hint).toBe(advice)
  })

  test('a command of farm.yaml that is not there', async () => {
    const nas = await readyFarm()
    const farm = textOn(nas, config)
    nas.poke(config, farm.replace('pis:', 'services: { dhcp: { restart: [/opt/nas/dhcp] } }\npis:'))
    nas.lacking = async (needed) => needed.filter((program) => program.startsWith('/opt'))
    const { hint } = await refused(nas, addHlsPi1, '/opt/nas/dhcp is not installed')
    expect(hint).toBe('name another for /opt/nas/dhcp in farm.yaml')
  })

  test.each([addHlsPi1, 'init', 'apply', 'undo', 'remove-pi HLSPi1', 'set-pi HLSPi1 --muxid 4'])(
    'not root: %s',
    async (command) => {
      const nas = await readyFarm([addHlsPi1])
      const mutations = nas.mutations
      // The directory of its state is root's alone.
      nas.list = async (dir) => {
        throw new Error(`EACCES: permission denied, scandir '${dir}'`)
      }
      const { code, error, hint } = await nas.pifarm(command, { isRoot: false })
      expect({ code, error }).toEqual({ code: 2, error: 'only root can change the NAS' })
      expect(hint).toContain(`sudo pifarm ${command}`)
      expect(nas.mutations).toBe(mutations)
    },
  )

  test('not root: plan, for much of the NAS is for root alone to see', async () => {
    const nas = await readyFarm([addHlsPi1])
    const { code, error, hint } = await nas.pifarm('plan', { isRoot: false })
    expect({ code, error }).toEqual({ code: 2, error: 'only root can see all of the NAS' })
    expect(hint).toBe('run it as: sudo pifarm plan')
  })

  test('list needs no root', async () => {
    const nas = await readyFarm([addHlsPi1])
    expect((await nas.pifarm('list', { isRoot: false })).code).toBe(0)
  })
})
