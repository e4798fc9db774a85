import type { Ipv4 } from '../../farm/schema.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import type { Fault } from './fault.ts'

/** What the walk itself shows; `expected`: the address that the farm has for this Pi. */
export function judgeBoot(report: BootReport, expected: Ipv4 | undefined): Fault[] {
  return [
    ...dhcpFaults(report, expected),
    ...(report.stopped === undefined ? [] : [stopFault(report, report.stopped)]),
    ...kernelFaults(report),
  ]
}

function dhcpFaults(report: BootReport, expected: Ipv4 | undefined): Fault[] {
  const { offer, servers } = report
  const faults: Fault[] = []
  if (offer && !offer.invites)
    faults.push({
      stage: 'dhcp',
      what: 'the OFFER has no "Raspberry Pi Boot   " (three blanks) in option 43, without which many boards do not boot',
      cure: 'pifarm apply writes it into the host declaration; see dhcpd.conf for what overrides it',
    })
  if (offer && expected && offer.address !== expected)
    faults.push({
      stage: 'dhcp',
      what: `${offer.server} offers ${offer.address}, and the farm has ${expected} for this Pi`,
      cure: 'pifarm apply, or take the other host declaration of this MAC out of dhcpd.conf',
    })
  const others = servers.filter(({ server }) => server !== offer?.server)
  if (offer !== undefined)
    for (const { server, refused } of others)
      faults.push({
        stage: 'dhcp',
        what: `a second DHCP server answers: ${server}${refused ? ` (${refused})` : ''}; the Pi may take its answer`,
        cure: `switch DHCP off on ${server}, or keep it off this network`,
      })
  return faults
}

function stopFault(report: BootReport, stopped: string): Fault {
  if (report.offer === undefined)
    return {
      stage: 'dhcp',
      what: stopped,
      cure: /option (?:43|66)/.test(stopped)
        ? 'pifarm apply writes both options; see dhcpd.conf for what overrides them'
        : 'is dhcpd running on that network? systemctl status isc-dhcp-server',
    }
  if (stopped.includes('DHCPREQUEST'))
    return {
      stage: 'dhcp',
      what: stopped,
      cure: 'why it offers what it does not grant is in its log: a second DHCP server, or a host declaration for another subnet?',
    }
  return {
    stage: /kernel|cmdline/.test(stopped) ? 'kernel' : 'tftp',
    what: stopped,
    cure: 'pifarm apply lays the boot files; is the TFTP server running?',
  }
}

function kernelFaults(report: BootReport): Fault[] {
  if (report.kernel === undefined) return []
  const faults: Fault[] = []
  const { image, deviceTree, initramfs, cmdline } = report
  if (image?.damage)
    faults.push({
      stage: 'kernel',
      what: `${report.kernel} is not whole: ${image.damage}`,
      cure: 'copy the kernel anew from the template',
    })
  const tree = report.missing.find((file) => file.endsWith('.dtb'))
  if (deviceTree === undefined)
    faults.push({
      stage: 'kernel',
      what: `no device tree came${tree ? ` (${tree})` : ''}: the kernel does not start without`,
      cure: 'copy the .dtb files of the template anew',
    })
  const absent = report.missing.find((file) => /initramfs|initrd/.test(file))
  if (absent !== undefined && initramfs === undefined)
    faults.push({
      stage: 'kernel',
      what: `config.txt names an initramfs, and ${absent} did not come`,
      cure: 'make it, or take auto_initramfs or initramfs out of config.txt',
    })
  if (cmdline && cmdline.values.root !== '/dev/nfs')
    faults.push({
      stage: 'kernel',
      what: `cmdline.txt has no root=/dev/nfs: ${cmdline.text.slice(0, 200)}`,
      cure: 'pifarm apply writes cmdline.txt whole',
    })
  return faults
}
