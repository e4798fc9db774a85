import { type Ipv4, ipv4, type Mac, mac } from '../farm/schema.ts'

type DhcpMessage = 'DISCOVER' | 'OFFER' | 'REQUEST' | 'ACK'

/** What a DHCP server said about one message. */
export interface DhcpLine {
  readonly mac: Mac
  /** The address offered, granted or asked for. */
  readonly address: Ipv4 | undefined
  readonly message: DhcpMessage
}

/** Everything a client chooses, such as `(its host name)`, comes behind what is read here. */
const iscLines = [
  /^DHCP(DISCOVER) from (?<mac>\S+) /,
  /^DHCP(OFFER) on (?<address>\S+) to (?<mac>\S+) /,
  /^DHCP(REQUEST) for (?<address>\S+) (?:\(\S+\) )?from (?<mac>\S+) /,
  /^DHCP(ACK) on (?<address>\S+) to (?<mac>\S+) /,
]
/** With `log-dhcp` the transaction's number stands in front. */
const dnsmasqLine =
  /^(?:\d+ )?DHCP(DISCOVER|OFFER|REQUEST|ACK)\([^)\s]+\) (?:(?<address>\d+(?:\.\d+){3}) )?(?<mac>[0-9a-f:]{17})(?: |$)/

const dialects: Readonly<Record<string, readonly RegExp[]>> = {
  dhcpd: iscLines,
  'dnsmasq-dhcp': [dnsmasqLine],
}

/** Reads a line of ISC dhcpd or dnsmasq; undefined for every line that is not about a board's boot. */
export function parseDhcpLine(program: string, body: string): DhcpLine | undefined {
  const found = dialects[program]?.map((line) => line.exec(body)).find((match) => match !== null)
  if (!found) return undefined
  const board = mac.safeParse(found.groups?.mac)
  const address = ipv4.safeParse(found.groups?.address)
  if (!board.success) return undefined
  return { mac: board.data, address: address.data, message: found[1] as DhcpMessage }
}
