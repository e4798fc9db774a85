import { beforeAll, describe, expect, test } from 'vitest'
import { second } from './boards.ts'
import type { Firmware } from './box/box.ts'
import { patience, right } from './farm-box.ts'
import { testedFarm } from './tested-farm.ts'

const tftp = `/srv/tftp/${second.serial}`

/** What is wrong, made so behind pifarm's back; `pifarm apply` puts it right again. */
const behindFirmware = [
  {
    wrong: 'the export is given to another address',
    script: `sed -i '/${second.name}/s/ 10[.0-9]*(/ 10.77.0.99(/' /etc/exports.d/pifarm.exports && exportfs -ra`,
    says: /denied/i,
  },
  {
    wrong: 'the port of mountd is closed',
    script:
      'iptables -I PIFARM -p tcp --dport 33049 -j REJECT --reject-with tcp-reset; iptables -I PIFARM -p udp --dport 33049 -j REJECT',
    says: /refused|unable/i,
  },
]

const farm = testedFarm()

describe('one thing is wrong, and the boot ends where it is needed', () => {
  let served: Firmware

  beforeAll(async () => {
    right((await farm.addPi(second)).output)
    served = await farm.box.playFirmware(second)
    expect(served.report.stopped).toBeUndefined()
  })

  // What comes over TFTP is the same as ever: it is asked for once.
  test.each(behindFirmware)('$wrong: an address, and no root', async ({ script, says }) => {
    await farm.nas.must('sh', '-ec', script)
    const pi = await farm.box.startKernel(second, served)
    await pi.reaches('address', patience)
    await pi.console.said([says], patience)
    expect(pi.reached).not.toContain('systemd')
    await farm.box.switchOff(second)
    right(await farm.nas.pifarm('apply', '--yes'))
  })

  test('the host block is another MAC’s: no OFFER', async () => {
    const mac = `sed -i s/${second.mac}/b8:27:eb:00:00:09/ /etc/dhcp/pifarm.conf`
    await farm.nas.must('sh', '-ec', `${mac} && systemctl restart isc-dhcp-server`)
    const { report } = await farm.box.playFirmware(second)
    expect(report.stopped?.what).toMatch(/^rom: no OFFER to boot by/)
    right(await farm.nas.pifarm('apply', '--yes'))
  })

  test('cmdline.txt has another path: an address, and no root', async () => {
    await farm.nas.must('sed', '-i', 's#/HLSPi2,#/HLSPi9,#', `${tftp}/cmdline.txt`)
    const pi = await farm.box.powerOn(second)
    await pi.reaches('address', patience)
    await pi.console.said([/denied|No such file/i], patience)
    expect(pi.reached).not.toContain('systemd')
    await farm.box.switchOff(second)
    right(await farm.nas.pifarm('apply', '--yes'))
  })

  test('the kernel is not the one of the modules: no network file system, and no root', async () => {
    // Its directory's own copy, in which every mention of its version is of a version nobody has.
    const kernel = `${tftp}/kernel8.img`
    const script = [
      `gunzip -c ${kernel} >/tmp/kernel`,
      `rm ${kernel}`,
      "version=$(grep -aom1 'Linux version [0-9.]*' /tmp/kernel | cut -d ' ' -f 3)",
      'other=$(printf %s "$version" | tr 0-9 9)',
      `sed "s/$version/$other/g" /tmp/kernel | gzip -1 >${kernel}`,
      `chmod 0644 ${kernel}`,
    ]
    await farm.nas.must('sh', '-ec', script.join('\n'))
    const pi = await farm.box.powerOn(second)
    await pi.reaches('initramfs', patience)
    // mountd lets it have its root; what it lacks is the module that reads it. It tries for three minutes.
    await pi.console.said([/No init found/], patience)
    expect(pi.reached).not.toContain('systemd')
    await farm.box.switchOff(second)
    // A kernel of a person's own is left alone.
    await farm.nas.must('rm', kernel)
    right(await farm.nas.pifarm('apply', '--yes'))
  })

  test('with all of it right again, it gets its root', async () => {
    const pi = await farm.box.powerOn(second)
    await pi.reaches('systemd', patience)
    await farm.box.switchOff(second)
  })
})
