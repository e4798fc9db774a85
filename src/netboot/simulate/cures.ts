import type { BootReport } from '../boot-client/boot-report.ts'
import type { Stop } from '../boot-client/stop.ts'
import type { Enrolment } from './enrolment.ts'

/** What to do where a board stops in the walk. */
export function cureOf(stop: Stop, report: BootReport, enrolment: Enrolment): string {
  const server = report.tftpServer ?? 'the TFTP server'
  switch (stop.kind) {
    case 'dhcp-silence':
      return enrolled(
        enrolment,
        report,
        'is dhcpd running on that network? systemctl status isc-dhcp-server',
      )
    case 'dhcp-options':
      return enrolled(
        enrolment,
        report,
        'pifarm apply writes options 43 and 66; see dhcpd.conf for what overrides them',
      )
    case 'dhcp-offer':
      return enrolled(
        enrolment,
        report,
        'pifarm apply writes the host declaration; see dhcpd.conf for another one of this MAC',
      )
    case 'dhcp-grant':
      return 'why it offers what it does not grant is in its log: a second DHCP server, or a host declaration for another subnet?'
    case 'dhcp-unsent':
      return unsentCure(stop.code, 'the DHCP server')
    case 'tftp-unsent':
      return unsentCure(stop.code, server)
    case 'tftp-silence':
      return `does the TFTP server run on ${server}? systemctl status tftpd-hpa; where it does, a firewall closes UDP port 69, and pifarm apply opens it`
    case 'tftp-endless':
      return `what answers on UDP port 69 of ${server}? No file of a Pi is that large, nor takes that long`
    case 'no-directory':
      return enrolled(enrolment, report, lay)
    case 'no-boot-file':
    case 'no-kernel':
      return lay
    case 'no-cmdline':
      return cmdlineCure(report, enrolment)
    case 'recovery':
      return 'take recovery.elf, and whatever else of NOOBS or PINN there is, out of the TFTP directory'
  }
}

const lay =
  'pifarm plan shows what is not as it should be in the TFTP directory, and pifarm apply lays it; where it shows nothing, the template has no such file'

/** For what cmdline.txt says and pifarm did not write. */
export function cmdlineCure(report: BootReport, enrolment: Enrolment): string {
  const anew = 'pifarm plan shows what was changed in cmdline.txt, and pifarm apply writes it anew'
  return enrolled(enrolment, report, anew)
}

/** Nothing that is done for the farm's Pis helps a board that is none of them. */
function enrolled(enrolment: Enrolment, { mac, serial, model }: BootReport, cure: string): string {
  const isPi3 = model.startsWith('3')
  const add = `pifarm add-pi --mac ${mac} --serial ${serial}${isPi3 ? '' : ` --model ${model}`}`
  switch (enrolment.kind) {
    case 'stranger':
      return enrolment.namesake === undefined
        ? `it is not in the farm: ${add}`
        : `the farm has ${enrolment.namesake.mac} for that serial: pifarm set-pi ${enrolment.namesake.name} --mac ${mac}`
    case 'member':
      return enrolment.pi.serial === serial
        ? cure
        : `the farm has ${enrolment.pi.serial ?? 'no serial yet'} for it: pifarm set-pi ${enrolment.pi.name} --serial ${serial}`
    case 'unknown':
      return `${cure}; is it in the farm at all? on the NAS: ${add}`
  }
}

/** `code`: why the kernel did not send it. */
export function unsentCure(code: string | undefined, to: string): string {
  switch (code) {
    case 'EPERM':
      return 'a firewall of this machine forbids it: see iptables -S OUTPUT, and nft list ruleset'
    case 'EACCES':
      return 'run it as root'
    case 'EADDRINUSE':
      return 'wait a minute: its ports below 1024 are still held by earlier connections'
    case 'EADDRNOTAVAIL':
      return 'this machine has lost the address that it asks from: see ip addr'
    default:
      return `no way leads from this machine to ${to}: see ip addr, and ip route`
  }
}
