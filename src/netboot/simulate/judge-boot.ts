import type { BootReport, FileRole } from '../boot-client/boot-report.ts'
import type { Stop, StopKind } from '../boot-client/stop.ts'
import { cmdlineCure, cureOf } from './cures.ts'
import type { Enrolment } from './enrolment.ts'
import type { Fault } from './fault.ts'

/** What the walk itself shows. */
export function judgeBoot(report: BootReport, enrolment: Enrolment): Fault[] {
  const { stopped } = report
  return [
    ...dhcpFaults(report, enrolment),
    ...(stopped === undefined ? [] : [stopFault(report, stopped, enrolment)]),
    ...kernelFaults(report, enrolment),
  ]
}

function dhcpFaults(report: BootReport, enrolment: Enrolment): Fault[] {
  const { offer, servers } = report
  if (offer === undefined) return []
  const faults: Fault[] = []
  if (!offer.invites)
    faults.push({
      stage: 'dhcp',
      what: 'the OFFER has no "Raspberry Pi Boot   " (three blanks) in option 43, without which many boards do not boot',
      cure: 'pifarm apply writes it into the host declaration; see dhcpd.conf for what overrides it',
    })
  const expected = enrolment.kind === 'member' ? enrolment.pi.address : undefined
  if (expected && offer.address !== expected)
    faults.push({
      stage: 'dhcp',
      what: `${offer.server} offers ${offer.address}, and the farm has ${expected} for this Pi`,
      cure: `is ${offer.server} the farm's DHCP server? If not, switch DHCP off there; else pifarm apply, or take the other host declaration of this MAC out of dhcpd.conf`,
    })
  for (const { server, refused } of servers)
    if (server !== offer.server)
      faults.push({
        stage: 'dhcp',
        what: `a second DHCP server answers: ${server}${refused ? ` (${refused})` : ''}; the Pi may take its answer`,
        cure: `switch DHCP off on ${server}, or keep it off this network`,
      })
  return faults
}

const stages: Readonly<Record<StopKind, Fault['stage']>> = {
  'dhcp-silence': 'dhcp',
  'dhcp-options': 'dhcp',
  'dhcp-offer': 'dhcp',
  'dhcp-grant': 'dhcp',
  'dhcp-unsent': 'dhcp',
  'tftp-silence': 'tftp',
  'tftp-unsent': 'tftp',
  'tftp-endless': 'tftp',
  'no-directory': 'tftp',
  'no-boot-file': 'tftp',
  recovery: 'tftp',
  'no-kernel': 'kernel',
  'no-cmdline': 'kernel',
}

const bootFileAnew =
  'copy it again, from /boot/firmware (or /boot) of the template to the directory of that template in the TFTP root'

function stopFault(report: BootReport, stop: Stop, enrolment: Enrolment): Fault {
  const what = stop.code === undefined ? stop.what : `${stop.what} (${stop.code})`
  return { stage: stages[stop.kind], what, cure: cureOf(stop, report, enrolment) }
}

function kernelFaults(report: BootReport, enrolment: Enrolment): Fault[] {
  if (report.kernel === undefined) return []
  const faults: Fault[] = []
  const { image, deviceTree, cmdline } = report
  const fault = (what: string, cure: string) => faults.push({ stage: 'kernel', what, cure })
  const missing = (role: FileRole) => report.missing.find((one) => one.role === role)
  if (image?.damage) fault(`${report.kernel} is not whole: ${image.damage}`, bootFileAnew)
  const tree = missing('device-tree')
  if (deviceTree === undefined)
    fault(
      `no device tree came (${tree?.file} ${tree?.lack}): the kernel does not start without`,
      bootFileAnew,
    )
  const initramfs = missing('initramfs')
  if (initramfs !== undefined)
    fault(
      `config.txt wants an initramfs, and ${initramfs.file} ${initramfs.lack}`,
      'make it, or take auto_initramfs, initramfs or ramfsfile out of config.txt',
    )
  if (cmdline && cmdline.values.root !== '/dev/nfs')
    fault(
      `cmdline.txt has no root=/dev/nfs: ${cmdline.text.slice(0, 200) || 'its first line is empty'}`,
      cmdlineCure(report, enrolment),
    )
  return faults
}
