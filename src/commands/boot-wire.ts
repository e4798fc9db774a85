import ipaddr from 'ipaddr.js'
import { UserError } from '../errors.ts'
import type { Farm, Pi } from '../farm/farm.ts'
import { type Ipv4, ipv4 } from '../farm/schema.ts'
import type { Host, Reader } from '../host/host.ts'
import {
  type DhcpPorts,
  dhcpForbidden,
  realDhcpPorts,
} from '../netboot/boot-client/dhcp-exchange.ts'
import type { BootOffer } from '../netboot/boot-client/offer.ts'
import type { PlayPiOptions } from '../netboot/boot-client/play-pi.ts'
import { borrowInterface } from '../netboot/simulate/borrow-interface.ts'
import type { Fault } from '../netboot/simulate/fault.ts'
import type { Place } from '../netboot/simulate/simulate.ts'

/** So long a second DHCP server is listened for, in ms. */
const linger = 700

/** The network as this machine may use it for the Pi. */
interface BootWire {
  readonly ways: Pick<PlayPiOptions, 'dhcpPorts' | 'assumed' | 'useAddress'>
  /** Whether it may ask from the Pi's own address. */
  readonly hasAddress: boolean
  /** What cannot be done here, and a Pi needs. */
  readonly unproven: readonly Fault[]
  /** Makes the machine's own interface what it was. */
  close(): Promise<void>
}

/** A farm.yaml that lies here does not make this machine the NAS: its address does. */
export async function whereAmI(nas: Reader, farm: Farm | undefined): Promise<Place> {
  const { stdout } = await nas.ask(['ip', '-4', '-o', 'addr', 'show'])
  const own = new Set([...stdout.matchAll(/ inet ([\d.]+)/g)].map(([, address]) => address))
  return farm && own.has(farm.nas.address) ? { kind: 'nas', farm, nas } : { kind: 'elsewhere' }
}

/** Opens the way on which the Pi is played; `device`: which interface is its, where this is not the NAS. */
export async function openWire(
  nas: Host,
  farm: Farm | undefined,
  pi: Pi | undefined,
  place: Place,
  device: string | undefined,
): Promise<BootWire> {
  const dhcpPorts = portsAt(place, farm)
  const nothing = async () => undefined
  const forbidden = await dhcpForbidden(dhcpPorts)
  if (forbidden !== undefined) {
    const { what, cure } = ban(forbidden, dhcpPorts)
    const assumed = assumedOffer(farm, pi)
    if (assumed === undefined) throw new UserError(`DHCP: ${what}`, { hint: cure })
    const unproven: Fault = {
      stage: 'dhcp',
      what: `DHCP was not asked: ${what}`,
      cure,
      isUnproven: true,
    }
    const ways = { dhcpPorts, assumed, useAddress: nothing }
    return { ways, hasAddress: false, unproven: [unproven], close: nothing }
  }
  if (place.kind === 'nas')
    return {
      ways: { dhcpPorts, useAddress: nothing },
      hasAddress: false,
      unproven: [],
      close: nothing,
    }
  if (device === undefined)
    throw new UserError('this machine is not the NAS of the farm', {
      hint: 'run it on the NAS, or name with --interface where this machine is to play the Pi',
    })
  const { useAddress, giveBack } = await borrowInterface(nas, device)
  return { ways: { dhcpPorts, useAddress }, hasAddress: true, unproven: [], close: giveBack }
}

/** On the NAS DHCP is asked as a relay would: a server does not hear its own machine's boards. */
function portsAt(place: Place, farm: Farm | undefined): DhcpPorts {
  const netmask = farm && netmaskOf(farm)
  if (place.kind === 'elsewhere')
    return { ...realDhcpPorts, linger, ...(netmask === undefined ? {} : { netmask }) }
  const { nas, network } = place.farm
  const to = ipaddr.IPv4.broadcastAddressFromCIDR(network.subnet).toString()
  return { client: 67, server: 67, to, relay: nas.address, linger, netmask: netmaskOf(place.farm) }
}

function netmaskOf({ network }: Farm): Ipv4 {
  const bits = Number(network.subnet.split('/')[1])
  return ipv4.parse(ipaddr.IPv4.subnetMaskFromPrefixLength(bits).toString())
}

/** What the farm would have DHCP say. */
function assumedOffer(farm: Farm | undefined, pi: Pi | undefined): BootOffer | undefined {
  if (farm === undefined || pi === undefined) return undefined
  return {
    address: pi.address,
    netmask: netmaskOf(farm),
    tftpServer: farm.nas.address,
    server: farm.nas.address,
    invites: true,
    isAssumed: true,
  }
}

/** `code`: what the kernel says to whoever wants the port. */
function ban(code: string, { client }: DhcpPorts): { what: string; cure: string } {
  if (code === 'EADDRINUSE')
    return {
      what: `another program has UDP port ${client} for itself (${code})`,
      cure: `see which: ss -ulpn sport = :${client}`,
    }
  return { what: `no right to speak it here (${code})`, cure: 'run it as root' }
}
