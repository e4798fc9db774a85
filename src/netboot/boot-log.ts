import type { Ipv4 } from '../farm/schema.ts'
import { type DhcpLine, parseDhcpLine } from './dhcp-lines.ts'
import { classicTime, splitLogLine } from './log-prefix.ts'
import type { Pxe } from './pxe-client.ts'
import { parseTftpLine, type TftpLine } from './tftp-lines.ts'

/** Something that a booting Pi made a daemon on the NAS say, or broadcast itself. */
export type BootEvent =
  | (DhcpLine & { readonly kind: 'dhcp'; readonly time: number | undefined })
  | (TftpLine & { readonly kind: 'tftp'; readonly time: number | undefined })
  | (Pxe & { readonly kind: 'pxe'; readonly time: number | undefined })

/**
 * What a log line says about a boot; undefined where it says nothing. `time` is in milliseconds
 * since 1970; for a stamp without a year `now` tells which one is meant. Lines are hostile: TFTP
 * file names and DHCP host names in them are chosen by whoever is on the LAN.
 */
export function parseLogLine(line: string, now?: Date): BootEvent | undefined {
  const said = splitLogLine(line)
  if (!said) return undefined
  const dhcp = parseDhcpLine(said.program, said.body)
  const tftp = dhcp ? undefined : parseTftpLine(said.program, said.body)
  if (!dhcp && !tftp) return undefined
  const time = said.time ?? (now && classicTime(line, now))
  if (dhcp) return { kind: 'dhcp', ...dhcp, time }
  return tftp && { kind: 'tftp', ...tftp, time }
}

/** Whether that address asked for a file. The NAS's own one is no board's: so asks simulate-boot. */
export function isFrom(address: Ipv4 | undefined, event: BootEvent): boolean {
  return address !== undefined && event.kind === 'tftp' && event.client === address
}
