import ipaddr from 'ipaddr.js'
import { quoted } from '../../errors.ts'
import type { Farm, Pi } from '../../farm/farm.ts'
import { ipv4 } from '../../farm/schema.ts'
import type { DhcpFacts } from './facts.ts'

/**
 * Where the farm and the hand-written configuration contradict each other: what `dhcpd -t` lets
 * pass and what then goes wrong on the wire. One line each, with the Pi and `dhcpd.conf:line`.
 */
export function dhcpClashes(farm: Farm, facts: DhcpFacts): readonly string[] {
  const { hosts, ranges } = facts
  // dhcpd tells HLSPI1 from HLSPi1; DNS, which hears of both, does not.
  const names = new Map(hosts.map((host) => [host.name.toLowerCase(), host.at]))
  const macs = new Map(hosts.flatMap(({ mac, at }) => (mac === undefined ? [] : [[mac, at]])))
  const addresses = new Map(
    hosts.flatMap((host) => host.addresses.map((address) => [address, host.at])),
  )
  const served = servedBy(farm, facts)

  function clashesOf(pi: Pi): (string | undefined)[] {
    const range = ranges.find(({ contains }) => contains(pi.address))
    return [
      says(pi.name, 'the name', names.get(pi.name.toLowerCase())),
      says(pi.mac, 'the MAC address', macs.get(pi.mac)),
      says(pi.address, 'the address', addresses.get(pi.address)),
      range && `${quoted(pi.address)} lies in the dynamic range ${range.text} of ${range.at}`,
      served.some((contains) => contains(pi.address))
        ? undefined
        : `${quoted(pi.address)} lies outside every subnet that ${farm.paths.dhcpd_conf} declares`,
    ]
  }

  return farm.pis.flatMap((pi) =>
    clashesOf(pi)
      .filter((clash) => clash !== undefined)
      .map((clash) => `Pi ${pi.name} in ${farm.file}: ${clash}`),
  )
}

/** Why dhcpd would not serve the farm's interface, or undefined. */
export function unservedSubnet(farm: Farm, facts: DhcpFacts): string | undefined {
  const isDeclared = servedBy(farm, facts).some((contains) => contains(farm.nas.address))
  if (isDeclared) return undefined
  const { dhcpd_conf } = farm.paths
  return `${dhcpd_conf} declares no subnet with ${farm.nas.address}: dhcpd does not serve ${farm.nas.interface}`
}

/** Why the subnet cannot be declared by pifarm, or undefined: dhcpd only warns of it, at its start. */
export function doubleSubnet(farm: Farm, facts: DhcpFacts): string | undefined {
  if (!farm.dhcp.declare_subnet) return undefined
  const first = ipv4.parse(ipaddr.IPv4.networkAddressFromCIDR(farm.network.subnet).toString())
  const last = ipv4.parse(ipaddr.IPv4.broadcastAddressFromCIDR(farm.network.subnet).toString())
  const there = facts.subnets.find(({ contains }) => contains(first) || contains(last))
  return there && `the subnet ${farm.network.subnet} is already declared at ${there.at}`
}

function servedBy(farm: Farm, facts: DhcpFacts): ((address: Pi['address']) => boolean)[] {
  const declared = facts.subnets.map(({ contains }) => contains)
  // That a Pi lies in the farm's own subnet is checked where farm.yaml is loaded.
  return farm.dhcp.declare_subnet ? [() => true, ...declared] : declared
}

function says(value: string, what: string, at: string | undefined): string | undefined {
  return at && `${what} ${quoted(value)} is already used by the host block at ${at}`
}
