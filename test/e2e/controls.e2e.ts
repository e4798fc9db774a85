import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { second } from './boards.ts'
import type { Firmware } from './box/firmware.ts'
import type { Pi, Stage } from './box/pi.ts'
import { mustBeDone } from './emulated-farm.ts'
import { emulationOfThisRun } from './emulation.ts'
import { farmOfThisFile } from './farm-of-this-file.ts'
import type { Emulation } from './images/nas-disk.ts'

const tftp = `/srv/tftp/${second.serial}`
const kernel = `${tftp}/kernel8.img`
const root = `/mnt/PiRoots/${second.name}`
const address = '10.77.0.50'

/** What is wrong, made so behind pifarm's back, and what shows that it was this. */
interface Control extends Outcome {
  readonly wrong: string
  readonly script: readonly string[]
}

interface Outcome {
  /** How far the Pi comes: at the last it has given up, and gets no root any more. */
  readonly stages: readonly Stage[]
  /** A line of its console. */
  readonly says: RegExp
  /** What the NAS knows of it: a command, which is told where the journal was, and its answer. */
  readonly nas: readonly [ask: (cursor: string) => readonly string[], answer: RegExp]
}

const mountd = (cursor: string) => [
  ...['journalctl', '--quiet', '--output=cat', '--identifier=rpc.mountd', '--after-cursor', cursor],
]
const rules = () => ['iptables', '--list', 'PIFARM', '--numeric', '--verbose', '--exact']

const withoutRoot = ['address', 'no root'] as const
const refused = /^mount call failed - server replied: Permission denied\.$/

/** What comes over TFTP is the same as ever. */
const behindFirmware: readonly Control[] = [
  {
    wrong: 'the export is given to another address',
    script: [
      `sed -i '/${second.name}/s/ 10[.0-9]*(/ 10.77.0.99(/' /etc/exports.d/pifarm.exports`,
      'exportfs -ra',
    ],
    stages: withoutRoot,
    says: refused,
    nas: [mountd, new RegExp(`^refused mount request from ${address} for ${root} `, 'm')],
  },
  {
    wrong: 'the port of mountd is closed',
    script: [
      'iptables -I PIFARM -p tcp --dport 33049 -j REJECT --reject-with tcp-reset',
      'iptables -I PIFARM -p udp --dport 33049 -j REJECT',
    ],
    stages: withoutRoot,
    says: /^connect: Connection refused$/,
    // Which other port could be meant: that rule has refused packets.
    nas: [rules, /^ *[1-9]\d* +\d+ +REJECT .* tcp dpt:33049 /m],
  },
]
/** Of a kernel without its modules. */
const withoutModules: Record<Emulation, Outcome> = {
  // What drives a guest's network is in its kernel, and what mounts the root is not.
  uml: {
    stages: withoutRoot,
    says: /^mount: the kernel lacks NFS v3 support$/,
    nas: [
      mountd,
      new RegExp(`^authenticated mount request from ${address}:\\d+ for ${root} `, 'm'),
    ],
  },
  // Nor is what drives a board's network: its initramfs waits for that in vain, and ends.
  raspi3b: {
    stages: ['no network'],
    says: /Linux version 9\.9\.9/,
    nas: [mountd, /^$/],
  },
}

const inFirmware: readonly Control[] = [
  {
    wrong: 'cmdline.txt has another path',
    script: [`sed -i 's#/HLSPi2,#/HLSPi9,#' ${tftp}/cmdline.txt`],
    stages: withoutRoot,
    says: refused,
    nas: [
      mountd,
      new RegExp(`^refused mount request from ${address} for /mnt/PiRoots/HLSPi9 `, 'm'),
    ],
  },
  {
    wrong: 'the kernel is not the one of the modules',
    // Its directory's own copy, in which every mention of its version is of a version nobody has.
    script: [
      // A board's is not packed.
      `gunzip -cf ${kernel} >/tmp/kernel`,
      `rm ${kernel}`,
      "version=$(grep -aom1 'Linux version [0-9][0-9.]*' /tmp/kernel | cut -d ' ' -f 3)",
      'other=$(printf %s "$version" | tr 0-9 9)',
      // In megabytes of code, dots that stand for anything are found elsewhere too.
      'version=$(printf %s "$version" | sed "s/[.]/[.]/g")',
      `sed "s/$version/$other/g" /tmp/kernel | gzip -1 >${kernel}`,
      `chmod 0644 ${kernel}`,
    ],
    ...withoutModules[emulationOfThisRun()],
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

  test.each(behindFirmware)('$wrong: it gets no root', async (control) => {
    await getsNoRoot(control, () => farm.box.startKernel(second, served))
  })

  test.each(inFirmware)('$wrong: it gets no root', async (control) => {
    await getsNoRoot(control, () => farm.box.powerOn(second))
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

async function getsNoRoot(
  { script, stages, says, nas: [ask, answer] }: Control,
  start: () => Promise<Pi>,
): Promise<void> {
  const cursor = await farm.nas.journalCursor()
  await farm.nas.must('sh', '-ec', script.join('\n'))
  const pi = await start()
  const never = (['address', 'systemd'] as const).filter((stage) => !stages.includes(stage))
  for (const stage of stages) expect(await pi.reaches(stage, ...never)).toBe(stage)
  expect(pi.console.lines).toContainEqual(expect.stringMatching(says))
  expect(await farm.nas.must(...ask(cursor))).toMatch(answer)
}
