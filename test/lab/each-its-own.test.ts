import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Lab } from './lab.ts'
import { firmwareBytes } from './lab-template.ts'
import { addPi, askForRoot, canConnect, first, second, startFarm, stranger } from './machines.ts'

let lab: Lab

beforeAll(async () => {
  lab = await startFarm()
  await addPi(lab, first, '--decode-mpg2', '0x0badcafe', '--muxhwdec', '--gpu-mem', '256')
  await addPi(lab, second, '--ip', '10.77.0.77', '--muxid', '9')
})

afterAll(() => lab?.stop())

describe('each Pi gets exactly its own', () => {
  test('address, cmdline.txt and config.txt: the first', async () => {
    const boot = await lab.boot(first)
    expect(boot.stopped).toBeUndefined()
    expect(boot.warnings).toEqual([])
    expect(boot.address).toBe('10.77.0.50')
    expect(boot.serialDir).toBe(first.serial)
    expect(boot.kernel).toBe('kernel8.img')
    expect(boot.cmdline?.text).toBe(
      'console=serial0,115200 console=tty1 root=/dev/nfs nfsroot=10.77.0.1:/mnt/PiRoots/HLSPi1,vers=3,tcp rw ip=dhcp rootwait muxid=1 muxhwdec=1',
    )
    expect(boot.config).toMatchObject({
      arm_64bit: '1',
      gpu_mem: '256',
      decode_MPG2: '0x0badcafe',
    })
    const start = await firmwareBytes('start.elf')
    expect(boot.files[`${first.serial}/start.elf`]?.bytes).toBe(start.length)
  })

  test('address, cmdline.txt and config.txt: the second', async () => {
    const boot = await lab.boot(second)
    expect(boot.stopped).toBeUndefined()
    expect(boot.address).toBe('10.77.0.77')
    expect(boot.cmdline?.text).toBe(
      'console=serial0,115200 console=tty1 root=/dev/nfs nfsroot=10.77.0.1:/mnt/PiRoots/HLSPi2,vers=3,tcp rw ip=dhcp rootwait muxid=9',
    )
    expect(boot.config).toMatchObject({ gpu_mem: '192' })
    expect(boot.config).not.toHaveProperty('decode_MPG2')
    expect(Object.keys(boot.files).filter((file) => file.startsWith(first.serial))).toEqual([])
  })
})

// The boots above have given each board its address.
describe('a root is its own Pi’s alone', () => {
  test.each([
    [first.name, '/mnt/PiRoots/HLSPi1', /^authenticated mount request from 10\.77\.0\.50:/],
    [second.name, '/mnt/PiRoots/HLSPi2', /^authenticated mount request from 10\.77\.0\.77:/],
    [
      second.name,
      '/mnt/PiRoots/HLSPi1',
      /^refused mount request from 10\.77\.0\.77 .*not exported/,
    ],
    [first.name, '/mnt/PiRoots/HLSPi2', /^refused mount request from 10\.77\.0\.50 .*not exported/],
    [first.name, '/mnt/PiRoots/template', /^refused mount request from 10\.77\.0\.50 /],
  ])('%s asks mountd for %s: %s', async (name, path, said) => {
    expect(await askForRoot(lab, name, path)).toMatch(said)
  })

  test('exportfs has one client for each', async () => {
    const etab = await lab.read('/var/lib/nfs/etab')
    expect(
      etab
        .replace(/\(.*\)$/gm, '')
        .trim()
        .split('\n')
        .sort(),
    ).toEqual([
      '/mnt/PiRoots/HLSPi1\t10.77.0.50',
      '/mnt/PiRoots/HLSPi2\t10.77.0.77',
      '/srv/films\t10.77.0.8',
    ])
  })

  test('the firewall lets the Pis reach NFS and refuses an address that no Pi has', async () => {
    await lab.at(stranger.name, ['ip', 'addr', 'add', '10.77.0.150/24', 'dev', 'eth0'])
    for (const port of [2049, 111, 33049]) {
      expect([port, await canConnect(lab, first.name, port)]).toEqual([port, true])
      expect([port, await canConnect(lab, second.name, port)]).toEqual([port, true])
      expect([port, await canConnect(lab, stranger.name, port)]).toEqual([port, false])
    }
    expect(await askForRoot(lab, stranger.name, '/mnt/PiRoots/HLSPi1')).toBe('unreachable')
  })

  test('the NAS itself still reaches its own NFS', async () => {
    expect(await lab.must(['showmount', '-e', '127.0.0.1'])).toContain('/mnt/PiRoots/HLSPi1')
  })
})

describe('a Pi that the farm does not know', () => {
  test('gets no files but bootcode.bin, though a hand-written dhcpd.conf invites it', async () => {
    const conf = await lab.read('/etc/dhcp/dhcpd.conf')
    const invitation =
      'option tftp-server-name "10.77.0.1"; option vendor-encapsulated-options "Raspberry Pi Boot   ";'
    await lab.write('/etc/dhcp/dhcpd.conf', conf.replace('\trange', `\t${invitation}\n\trange`))
    await lab.must([lab.service('isc-dhcp-server'), 'restart'])
    const boot = await lab.boot(stranger)
    expect(boot.address).toMatch(/^10\.77\.0\.2[012]\d$/)
    expect(Object.keys(boot.files)).toEqual(['bootcode.bin'])
    expect(boot.stopped?.what).toContain('start.elf did not come')
    const asked = await lab.read('/var/log/syslog')
    expect(asked).toContain(`filename ${stranger.serial}/start.elf`)
  })
})
