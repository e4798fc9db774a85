import { afterAll, beforeAll, expect, test } from 'vitest'
import type { BootReport } from '../../src/netboot/boot-client/boot-report.ts'
import type { Lab } from './lab.ts'
import { addPi, askForRoot, first, second, startFarm } from './machines.ts'
import { differences, nasState } from './nas-state.ts'

const root = '/mnt/PiRoots'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
  await addPi(lab, second)
  await lab.write(`${root}/${first.name}/home-made`, 'what the Pi wrote\n')
})

afterAll(() => lab?.stop())

/** The board boots, at the address it always had, and its root is what mountd gives to it. */
async function bootsAs(name: string): Promise<BootReport> {
  const boot = await lab.boot(first)
  expect([boot.stopped, boot.address]).toEqual([undefined, '10.77.0.50'])
  expect(boot.cmdline?.text).toContain(` nfsroot=10.77.0.1:${root}/${name},`)
  expect(await askForRoot(lab, first.name, `${root}/${name}`)).toMatch(/^authenticated/)
  return boot
}

async function secondBoots(): Promise<void> {
  const boot = await lab.boot(second)
  expect([boot.stopped, boot.address]).toEqual([undefined, '10.77.0.51'])
  expect(await askForRoot(lab, second.name, `${root}/${second.name}`)).toMatch(/^authenticated/)
}

test('a renamed Pi boots under its new name, and every daemon knows it by that alone', async () => {
  const key = await lab.read(`${root}/HLSPi1/etc/ssh/ssh_host_ed25519_key.pub`)
  const renamed = await lab.pifarm(['set-pi', 'HLSPi1', '--name', 'kitchen'])
  expect([renamed.code, renamed.stderr]).toEqual([0, expect.stringContaining('pifarm undo')])
  await bootsAs('kitchen')
  await secondBoots()

  expect(await lab.read(`${root}/kitchen/etc/hostname`)).toBe('kitchen\n')
  expect(await lab.read(`${root}/kitchen/etc/hosts`)).toMatch(
    /^127\.0\.1\.1\s+kitchen\.lab kitchen$/m,
  )
  expect(await lab.read(`${root}/kitchen/home-made`)).toBe('what the Pi wrote\n')
  expect(await lab.read(`${root}/kitchen/etc/ssh/ssh_host_ed25519_key.pub`)).toBe(key)
  expect(await lab.read('/etc/dhcp/pifarm.conf')).toMatch(
    /^host kitchen \{\n {2}hardware ethernet b8:27:eb:33:34:7a;\n {2}fixed-address 10\.77\.0\.50;\n {2}option host-name "kitchen";/m,
  )
  expect(await lab.must(['iptables-save'])).toContain('"pifarm:kitchen"')
  expect(await lab.read('/var/lib/nfs/etab')).toMatch(/^\/mnt\/PiRoots\/kitchen\t10\.77\.0\.50\(/m)
  for (const path of [
    ...['/etc/dhcp/pifarm.conf', '/etc/exports.d/pifarm.exports', '/etc/iptables/rules.v4'],
    ...['/var/lib/nfs/etab', `/srv/tftp/${first.serial}/cmdline.txt`, '/etc/pifarm/farm.yaml'],
  ])
    expect(await lab.read(path), path).not.toContain('HLSPi1')
  expect(await lab.must(['iptables-save'])).not.toContain('HLSPi1')
  expect(await askForRoot(lab, first.name, `${root}/HLSPi1`)).toMatch(/^refused/)
  expect((await lab.pifarm(['plan', '--exit-code'])).code).toBe(0)
})

test('undo gives the old name back, to the byte, and the Pi boots under it', async () => {
  const renamed = await nasState(lab)
  expect((await lab.pifarm(['undo', '--yes'])).code).toBe(0)
  const former = await nasState(lab)
  await bootsAs('HLSPi1')
  await secondBoots()
  expect(await lab.read(`${root}/HLSPi1/etc/hostname`)).toBe('HLSPi1\n')
  expect(await askForRoot(lab, first.name, `${root}/kitchen`)).toMatch(/^refused/)

  expect((await lab.pifarm(['set-pi', 'HLSPi1', '--name', 'kitchen'])).code).toBe(0)
  expect(differences(renamed, await nasState(lab))).toEqual([])
  expect((await lab.pifarm(['undo', '--yes'])).code).toBe(0)
  expect(differences(former, await nasState(lab))).toEqual([])
})

test('a restart of dhcpd that fails leaves the old name, and the Pi boots under it', async () => {
  const before = await nasState(lab)
  await lab.write('/run/lab/fail-dhcp-start', '')
  const failed = await lab.pifarm(['set-pi', 'HLSPi1', '--name', 'kitchen'])
  expect(failed.code).toBe(3)
  expect(differences(before, await nasState(lab))).toEqual([])
  await bootsAs('HLSPi1')
})

test('of the NAS’s own /etc nothing is shown or written where the Pi has planted a link to it', async () => {
  const [hosts, hostname] = [await lab.read('/etc/hosts'), await lab.read('/etc/hostname')]
  await lab.write('/etc/hosts', '127.0.1.1 HLSPi1.of.the.nas HLSPi1\n')
  await lab.must(['sh', '-c', `cd ${root}/HLSPi1 && mv etc etc-of-the-pi && ln -s /etc etc`])
  const renamed = await lab.pifarm(['set-pi', 'HLSPi1', '--name', 'kitchen'])
  expect(renamed.code).toBe(0)
  expect(renamed.stderr).toContain('the Pi itself keeps the name HLSPi1')
  expect(await lab.read('/etc/hosts')).toBe('127.0.1.1 HLSPi1.of.the.nas HLSPi1\n')
  expect(await lab.read('/etc/hostname')).toBe(hostname)
  expect(await lab.must(['sh', '-c', 'cat /var/lib/pifarm/runs/*.json'])).not.toContain(
    'of.the.nas',
  )
  await bootsAs('kitchen')
  await lab.write('/etc/hosts', hosts)
})
