import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { second } from './boards.ts'
import type { Firmware } from './box/firmware.ts'
import type { Pi } from './box/pi.ts'
import { mustBeDone } from './emulated-farm.ts'
import { farmOfThisFile } from './farm-of-this-file.ts'

const tftp = `/srv/tftp/${second.serial}`
const kernel = `${tftp}/kernel8.img`
const root = `/mnt/PiRoots/${second.name}`
const address = '10.77.0.50'

/** What is wrong, made so behind pifarm's back, and what shows that it was this. */
interface Control {
  readonly wrong: string
  readonly script: readonly string[]
  /** What the Pi's nfsmount says to it. */
  readonly nfsmount: string
  /** What the NAS knows of it: a command, which is told where the journal was, and its answer. */
  readonly nas: readonly [ask: (cursor: string) => readonly string[], answer: RegExp]
}

const mountd = (cursor: string) => [
  ...['journalctl', '--output=cat', '--identifier=rpc.mountd', '--after-cursor', cursor],
]
const rules = () => ['iptables', '--list', 'PIFARM', '--numeric', '--verbose', '--exact']

/** What comes over TFTP is the same as ever. */
const behindFirmware: readonly Control[] = [
  {
    wrong: 'the export is given to another address',
    script: [
      `sed -i '/${second.name}/s/ 10[.0-9]*(/ 10.77.0.99(/' /etc/exports.d/pifarm.exports`,
      'exportfs -ra',
    ],
    nfsmount: 'mount call failed - server replied: Permission denied.',
    nas: [mountd, new RegExp(`^refused mount request from ${address} for ${root} `, 'm')],
  },
  {
    wrong: 'the port of mountd is closed',
    script: [
      'iptables -I PIFARM -p tcp --dport 33049 -j REJECT --reject-with tcp-reset',
      'iptables -I PIFARM -p udp --dport 33049 -j REJECT',
    ],
    nfsmount: 'connect: Connection refused',
    // Which other port could be meant: that rule has refused packets.
    nas: [rules, /^ *[1-9]\d* +\d+ +REJECT .* tcp dpt:33049 /m],
  },
]
const inFirmware: readonly Control[] = [
  {
    wrong: 'cmdline.txt has another path',
    script: [`sed -i 's#/HLSPi2,#/HLSPi9,#' ${tftp}/cmdline.txt`],
    nfsmount: 'mount call failed - server replied: Permission denied.',
    nas: [
      mountd,
      new RegExp(`^refused mount request from ${address} for /mnt/PiRoots/HLSPi9 `, 'm'),
    ],
  },
  {
    wrong: 'the kernel is not the one of the modules',
    // Its directory's own copy, in which every mention of its version is of a version nobody has.
    script: [
      `gunzip -c ${kernel} >/tmp/kernel`,
      `rm ${kernel}`,
      "version=$(grep -aom1 'Linux version [0-9.]*' /tmp/kernel | cut -d ' ' -f 3)",
      'other=$(printf %s "$version" | tr 0-9 9)',
      `sed "s/$version/$other/g" /tmp/kernel | gzip -1 >${kernel}`,
      `chmod 0644 ${kernel}`,
    ],
    nfsmount: 'mount: the kernel lacks NFS v3 support',
    nas: [
      mountd,
      new RegExp(`^authenticated mount request from ${address}:\\d+ for ${root} `, 'm'),
    ],
  },
]

// How often an initramfs tries for its root; unless it is told so, for three minutes and more.
const farm = farmOfThisFile('rootdelay=20')

describe('one thing is wrong, and the boot ends where it is needed', () => {
  let served: Firmware

  beforeAll(async () => {
    mustBeDone((await farm.addPi(second)).output)
    served = await farm.box.playFirmware(second)
    expect(served.report.stopped).toBeUndefined()
  })

  // Whatever became of a control, the next one finds a farm in which nothing is wrong.
  afterEach(async () => {
    await farm.box.switchOff(second)
    // pifarm leaves a kernel of a person's own alone.
    await farm.nas.must('sh', '-c', `test -L ${kernel} || rm -f ${kernel}`)
    mustBeDone(await farm.nas.pifarm('apply', '--yes'))
  })

  test.each(behindFirmware)('$wrong: an address, and no root', async (control) => {
    await endsWithoutRoot(control, () => farm.box.startKernel(second, served))
  })

  test.each(inFirmware)('$wrong: an address, and no root', async (control) => {
    await endsWithoutRoot(control, () => farm.box.powerOn(second))
  })

  test('the host block is another MAC’s: no OFFER', async () => {
    const mac = `sed -i s/${second.mac}/b8:27:eb:00:00:09/ /etc/dhcp/pifarm.conf`
    await farm.nas.must('sh', '-ec', `${mac} && systemctl restart isc-dhcp-server`)
    const before = await farm.nas.journalCursor()
    const { report } = await farm.box.playFirmware(second)
    expect(report.stopped?.what).toMatch(/^rom: no OFFER to boot by/)
    // It was heard, and by a dhcpd that had nothing for it: silence alone could be anything.
    const dhcpd = await farm.nas.journal('--after-cursor', before, '--identifier=dhcpd')
    expect(dhcpd).toMatch(
      new RegExp(`DHCPDISCOVER from ${second.mac} via vec0: .*no free leases$`, 'm'),
    )
    expect(dhcpd).not.toContain('DHCPOFFER')
  })

  test('with all of it right again, it gets its root', async () => {
    const pi = await farm.box.powerOn(second)
    await pi.reaches('systemd')
  })
})

async function endsWithoutRoot(
  { script, nfsmount, nas: [ask, answer] }: Control,
  start: () => Promise<Pi>,
): Promise<void> {
  const cursor = await farm.nas.journalCursor()
  await farm.nas.must('sh', '-ec', script.join('\n'))
  const pi = await start()
  await pi.reaches('address')
  // Only one that has given up gets no root any more.
  expect(await pi.reaches('no root', 'systemd')).toBe('no root')
  expect(pi.console.lines).toContain(nfsmount)
  expect(await farm.nas.must(...ask(cursor))).toMatch(answer)
}
