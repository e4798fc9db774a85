import { type DhcpLine, parseDhcpLine } from './dhcp-lines.ts'
import { splitLogLine } from './log-prefix.ts'
import { parseTftpLine, type TftpLine } from './tftp-lines.ts'

/** Something that a booting Pi made a daemon on the NAS say. */
export type BootEvent =
  | (DhcpLine & { readonly kind: 'dhcp'; readonly time: number | undefined })
  | (TftpLine & { readonly kind: 'tftp'; readonly time: number | undefined })

/**
 * What a log line says about a boot; undefined where it says nothing. `time` is in milliseconds
 * since 1970, undefined where the stamp has no year. Lines are hostile: TFTP file names and DHCP
 * host names in them are chosen by whoever is on the LAN.
 */
export function parseLogLine(line: string): BootEvent | undefined {
  const said = splitLogLine(line)
  if (!said) return undefined
  const dhcp = parseDhcpLine(said.program, said.body)
  if (dhcp) return { kind: 'dhcp', ...dhcp, time: said.time }
  const tftp = parseTftpLine(said.program, said.body)
  if (tftp) return { kind: 'tftp', ...tftp, time: said.time }
  return undefined
}
