import type { Farm } from '../../farm/farm.ts'
import type { Reader } from '../../host/host.ts'
import type { BootReport } from '../boot-client/boot-report.ts'
import { tftpComplaint } from '../tftp-health.ts'
import { checkFirewall, tftpDoor } from './check-firewall.ts'
import { type Findings, noFindings } from './fault.ts'

/** Why the TFTP server of this NAS is silent: nobody listens there, or the firewall closes the port. */
export async function checkTftpPort(
  nas: Reader,
  farm: Farm,
  { address, tftpServer }: BootReport,
): Promise<Findings> {
  if (address === undefined || tftpServer !== farm.nas.address) return noFindings
  const complaint = await tftpComplaint(nas)
  if (complaint?.kind === 'absent')
    return {
      ...noFindings,
      faults: [{ stage: 'tftp', what: complaint.message, cure: complaint.hint }],
    }
  return await checkFirewall(nas, farm, { from: address, to: tftpServer }, [tftpDoor])
}
