import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Lab, Output } from './lab.ts'
import { addPi, first, startFarm } from './machines.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first)
})

afterAll(() => lab?.stop())

const dir = `/srv/tftp/${first.serial}`
const shared = '/srv/tftp/templates/template'
const root = `/mnt/PiRoots/${first.name}`
const host = '/etc/dhcp/pifarm.conf'

async function simulate(): Promise<Output> {
  return await lab.pifarm(['simulate-boot', first.name])
}

function sh(script: string): Promise<string> {
  return lab.must(['sh', '-c', script])
}

const restartDhcpd = () => lab.must([lab.service('isc-dhcp-server'), 'restart'])

test('a Pi that would boot: the whole timeline, exit 0', async () => {
  const { code, stdout, stderr } = await simulate()

  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/rom +DHCPDISCOVER \(1 of 3\) {2}-> {2}OFFER of 10\.77\.0\.50/)
  expect(stdout).toMatch(/start +3333347a\/kernel8\.img {2}-> {2}1500000 bytes/)
  expect(stdout).toContain('ok: /mnt/PiRoots/HLSPi1 is exported to 10.77.0.50')
  expect(stdout).toContain('ok: /mnt/PiRoots/HLSPi1 has the modules of 6.6.31-v8+')
  expect(stdout).not.toContain('skipped')
  expect(stdout).toMatch(/^boots kernel8\.img 6\.6\.31-v8\+ with: .*nfsroot=10\.77\.0\.1:/m)
})

describe('each fault is found, and it is where a Pi would stop first', () => {
  let mend: (() => Promise<unknown>) | undefined
  afterEach(async () => {
    await mend?.()
    mend = undefined
  })

  /** Keeps a path as it is, for the time of a test. */
  async function keep(...paths: readonly string[]): Promise<void> {
    for (const path of paths) await sh(`rm -rf ${path}.kept; cp -a ${path} ${path}.kept`)
    mend = async () => {
      for (const path of paths) await sh(`rm -rf ${path}; mv ${path}.kept ${path}`)
    }
  }

  test.each<[string, readonly string[], () => Promise<unknown>, RegExp]>([
    [
      'missing start.elf',
      [`${dir}/start.elf`],
      () => sh(`rm ${dir}/start.elf`),
      /^stops \(tftp\): .*start\.elf did not come/m,
    ],
    [
      'a dangling link',
      [`${dir}/start.elf`],
      () => sh(`ln -sfn ../templates/gone/start.elf ${dir}/start.elf`),
      /^stops \(tftp\): .*start\.elf: it is a link to \S+, where nothing is/m,
    ],
    [
      'an absolute link',
      [`${dir}/start.elf`],
      () => sh(`ln -sfn ${shared}/start.elf ${dir}/start.elf`),
      /^stops \(tftp\): .*start\.elf is an absolute link to \S+, which leads nowhere/m,
    ],
    [
      'a file of mode 0600',
      [`${shared}/start.elf`],
      () => sh(`chmod 0600 ${shared}/start.elf`),
      /^stops \(tftp\): .*has mode 0600: the TFTP server cannot read it\n {2}cure: chmod a\+r/m,
    ],
    [
      'a truncated kernel',
      [`${shared}/kernel8.img`],
      () => sh(`truncate -s 700000 ${shared}/kernel8.img`),
      /^stops \(kernel\): kernel8\.img is truncated: 700000 of the 1500000 bytes/m,
    ],
    [
      'a missing device tree',
      [`${shared}/bcm2710-rpi-3-b.dtb`],
      () => sh(`rm ${shared}/bcm2710-rpi-3-b.dtb`),
      /^stops \((?:tftp|kernel)\): .*bcm2710-rpi-3-b\.dtb/m,
    ],
    [
      'an nfsroot that is not exported',
      [`${dir}/cmdline.txt`],
      () => sh(`sed -i s,PiRoots/HLSPi1,PiRoots/template, ${dir}/cmdline.txt`),
      /^stops \(mount\): \/mnt\/PiRoots\/template is not exported to anybody/m,
    ],
    [
      'no init',
      [`${root}/usr/sbin/init`],
      () => sh(`rm ${root}/usr/sbin/init`),
      /^stops \(root\): \/mnt\/PiRoots\/HLSPi1 has no \/sbin\/init/m,
    ],
    [
      'modules of another kernel',
      [`${root}/usr/lib/modules`],
      () => sh(`mv ${root}/usr/lib/modules/6.6.31-v8+ ${root}/usr/lib/modules/6.1.21-v8+`),
      /^stops \(root\): .*has no \/lib\/modules\/6\.6\.31-v8\+/m,
    ],
  ])('%s', async (_, paths, plant, said) => {
    await keep(...paths)
    await plant()
    const { code, stdout } = await simulate()
    expect(stdout).toMatch(said)
    expect(code).toBe(3)
  })

  test.each([
    [
      'no option 43',
      `sed -i '/vendor-encapsulated-options/d' ${host}`,
      /^stops \(dhcp\): .*option 43/m,
    ],
    [
      'a wrong option 66',
      `sed -i 's/tftp-server-name "[^"]*"/tftp-server-name "nas.lab"/; /vendor-encapsulated-options/d' ${host}`,
      /^stops \(dhcp\): .*option 66 is "nas\.lab", not an address/m,
    ],
    [
      'an option 66 that names another server',
      `sed -i 's/tftp-server-name "[^"]*"/tftp-server-name "10.77.0.9"/' ${host}`,
      /^stops \((?:dhcp|tftp)\): .*(?:10\.77\.0\.9|bootcode\.bin did not come)/m,
    ],
  ])('%s', async (_, plant, said) => {
    await keep(host)
    await sh(plant)
    await restartDhcpd()
    const { code, stdout } = await simulate()
    await mend?.()
    mend = undefined
    await restartDhcpd()
    expect(stdout).toMatch(said)
    expect(code).toBe(3)
  })

  test('an export for another address', async () => {
    const file = '/etc/exports.d/pifarm.exports'
    await keep(file)
    await sh(`sed -i s/10.77.0.50/10.77.0.51/ ${file}; exportfs -ra`)
    const { code, stdout } = await simulate()
    await mend?.()
    mend = undefined
    await sh('exportfs -ra')
    expect(stdout).toMatch(
      /^stops \(mount\): \/mnt\/PiRoots\/HLSPi1 is exported to 10\.77\.0\.51, and this Pi has 10\.77\.0\.50/m,
    )
    expect(code).toBe(3)
  })

  test('the mountd port closed by the firewall', async () => {
    const rule = 'INPUT -p tcp -m tcp --dport 33049 -j DROP'
    await sh(`iptables -I ${rule}`)
    const { code, stdout } = await simulate()
    await sh(`iptables -D ${rule}`)
    expect(stdout).toMatch(
      /^stops \(mount\): the firewall keeps 10\.77\.0\.50 from mountd \(tcp port 33049\): .*DROP/m,
    )
    expect(code).toBe(3)
  })
})
