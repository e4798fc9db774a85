import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { makeCardImage, readCard } from '../support/card-image.ts'
import { first, second } from './boards.ts'
import { mustBeDone } from './emulated-farm.ts'
import { farmOfThisFile } from './farm-of-this-file.ts'
import { muxing } from './muxing.ts'

const farm = farmOfThisFile()

describe('from an empty NAS to two Pis that run', () => {
  test('the services run under systemd, and there is nothing left to do', async () => {
    for (const unit of ['isc-dhcp-server', 'tftpd-hpa', 'nfs-server', 'pifarm-controller'])
      expect([unit, await farm.nas.must('systemctl', 'is-active', unit)]).toEqual([
        unit,
        'active\n',
      ])
    const { code } = await farm.nas.pifarm('plan', '--exit-code')
    expect(code).toBe(0)
  })

  test('the TFTP server of a stock Debian is told to log what is asked of it', async () => {
    const daemon = ['ps', '-o', 'args=', '-C', 'in.tftpd']
    expect(await farm.nas.must(...daemon)).not.toContain('--verbose')
    const { code } = await farm.nas.pifarm('find-serial', '--fix', '--timeout', '5', '--yes')
    // There is no board yet that it could find.
    expect(code).toBe(3)
    expect(await farm.nas.must('cat', '/etc/default/tftpd-hpa')).toMatch(
      /^TFTP_OPTIONS=.* --verbose --verbose"$/m,
    )
    expect(await farm.nas.must(...daemon)).toMatch(/^\S*in\.tftpd .* --verbose --verbose( |$)/m)
  })

  test('a card is prepared that lets a board boot from the network', async () => {
    const image = makeCardImage(join(farm.box.dir, 'commands'), 'mbr', {
      'config.txt': 'gpu_mem=128\n',
      'start.elf': 'firmware',
    })
    const flags = ['--image', '/root/card.img', '--model', '3b', '--yes']
    await farm.nas.must('cp', '/run/commands/mbr.img', '/root/card.img')
    mustBeDone(await farm.nas.pifarm('enable-netboot-sd', ...flags))
    await farm.nas.must('cp', '/root/card.img', '/run/commands/mbr.img')
    const config = readCard(image, 'mbr', 'config.txt')
    expect(config.split('\n')).toEqual(
      expect.arrayContaining(['gpu_mem=128', 'program_usb_boot_mode=1']),
    )
  })

  test('a Pi of unknown serial is found by what it asks for', async () => {
    const { asked, output } = await farm.addPi(first)
    mustBeDone(output)
    expect(asked.report.missing.map(({ file }) => file)).toContain(`${first.serial}/start.elf`)
    expect(await farm.nas.must('pifarm', 'list')).toContain(first.serial)
  })

  test('it boots to multi-user with the kernel and the command line that it is served', async () => {
    const pi = await farm.box.powerOn(first)
    await pi.reaches('multi-user')
    const asked = `mount request from 10.77.0.50:\\d+ for /mnt/PiRoots/${first.name} `
    expect(await farm.nas.journal('-t', 'rpc.mountd')).toMatch(new RegExp(`authenticated ${asked}`))
  })

  test('it is HLSPi1: with a name, keys, a machine-id and a number of its own', async () => {
    // ssh accepts no other host key than the one that pifarm has made for it.
    expect(await farm.onPi(first, 'hostname')).toBe('HLSPi1\n')
    const cmdline = await farm.onPi(first, 'cat', '/proc/cmdline')
    expect(cmdline).toContain(' nfsroot=10.77.0.1:/mnt/PiRoots/HLSPi1,vers=3,tcp ')
    expect(cmdline).toMatch(/ muxid=1\s/)
    const id = await farm.nas.must('cat', '/var/lib/pifarm/identity/HLSPi1/machine-id')
    expect(await farm.onPi(first, 'cat', '/etc/machine-id')).toBe(id)
  })

  muxing(farm)

  test('a second board beside it becomes another Pi', async () => {
    mustBeDone((await farm.addPi(second)).output)
    const pi = await farm.box.powerOn(second)
    await pi.reaches('multi-user')
    expect(await farm.onPi(second, 'hostname')).toBe('HLSPi2\n')
    expect(await farm.onPi(second, 'cat', '/proc/cmdline')).toMatch(/ muxid=2\s/)
    const ids = [first, second].map((pi) => farm.onPi(pi, 'cat', '/etc/machine-id'))
    expect(new Set(await Promise.all(ids)).size).toBe(2)
  })

  test('what each writes lies in its own root on the NAS, and in no other', async () => {
    for (const pi of [first, second]) {
      await farm.onPi(pi, 'touch', `/home/pi/from-${pi.name}`)
      const found = await farm.nas.must('sh', '-c', `ls -d /mnt/PiRoots/*/home/pi/from-${pi.name}`)
      expect(found).toBe(`/mnt/PiRoots/${pi.name}/home/pi/from-${pi.name}\n`)
    }
  })

  test('while it runs it is not taken out; once it is off, it is, and boots no more', async () => {
    const refused = await farm.nas.pifarm('remove-pi', first.name, '--yes')
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('still has its root mounted'),
    ])
    await farm.box.switchOff(first)
    // The kernel keeps the connection of a board that went off for minutes, and pifarm goes by it.
    await farm.nas.must('systemctl', 'restart', 'nfs-server')
    mustBeDone(await farm.nas.pifarm('remove-pi', first.name, '--yes'))
    const { report } = await farm.box.playFirmware(first)
    // No host block, and this subnet gives addresses to nobody else.
    expect(report.stopped?.what).toMatch(/^rom: no OFFER to boot by/)
    // The other one has lost nothing.
    expect(await farm.onPi(second, 'hostname')).toBe('HLSPi2\n')
  })
})
