import type { Farm } from '../../farm/farm.ts'
import type { Tools } from '../../tools.ts'

/** Names the daemons that serve now and that somebody has kept from starting at boot: then no Pi would. */
export async function warnOfBoot({ nas, ui }: Tools, { services }: Farm): Promise<void> {
  const restarts = [services.dhcp.restart, services.nfs.restart, services.tftp.restart]
  const units = restarts.flatMap(([program, verb, ...names]) =>
    program === 'systemctl' && verb === 'restart' ? names : [],
  )
  const disabled: string[] = []
  for (const unit of units) {
    const { stdout } = await nas.ask(['systemctl', 'is-enabled', unit])
    // Others are static, and come with those that are enabled.
    if (stdout.trim() === 'disabled') disabled.push(unit)
  }
  const names = disabled.join(' ')
  if (names !== '') ui.warn(`not started when this NAS boots: ${names}; systemctl enable ${names}`)
}
