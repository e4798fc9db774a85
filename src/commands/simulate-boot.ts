import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Farm, Pi } from '../farm/farm.ts'
import { type Ipv4, ipv4, mac, model, serial } from '../farm/schema.ts'
import type { Board, BootReport, TimelineEntry } from '../netboot/boot-client/boot-report.ts'
import { type DhcpPorts, dhcpForbidden, realDhcpPorts } from '../netboot/boot-client/dhcp-client.ts'
import type { BootOffer } from '../netboot/boot-client/offer.ts'
import { type PlayPiOptions, playPi } from '../netboot/boot-client/play-pi.ts'
import { borrowInterface } from '../netboot/simulate/borrow-interface.ts'
import { type Findings, joined, noFindings } from '../netboot/simulate/fault.ts'
import { type Place, simulate } from '../netboot/simulate/simulate.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { flag } from './pi-options.ts'
import { readFarm } from './session.ts'
import { showSimulation, showStep } from './show-simulation.ts'

interface SimulateOptions extends Shared {
  readonly name?: string
  readonly mac?: string
  readonly serial?: string
  readonly model?: string
  readonly interface?: string
  readonly json?: true
}

/**
 * A real Pi 3 asks five times, 5 s apart; dhcpd needs 1 s for an address of a range. Somebody who
 * waits at a terminal is told after three.
 */
const patience = { rom: [3000, 3000, 3000], bootcode: [3000, 3000, 3000] }
/** So long a second DHCP server is listened for, in ms. */
const linger = 700

/** Boots as that Pi would, against the live servers, and says where it would stop. */
export async function simulateBoot(tools: Tools, options: SimulateOptions): Promise<number> {
  const { nas, ui } = tools
  const farm =
    (await nas.read(options.config)) === undefined
      ? undefined
      : (await readFarm(nas, options.config)).farm
  const { board, pi } = boardOf(farm, options)
  const place = await whereAmI(tools, farm)
  const wire = await openWire(tools, farm, pi, place, options)
  try {
    const tell = (entry: TimelineEntry) => {
      if (!options.json) ui.answer(showStep(entry))
    }
    const now = () => performance.now()
    const report = await playPi({ ...wire.ways, board, patience, tftpPort: 69, tell, now })
    const expected = pi?.mac === board.mac ? pi.address : undefined
    const behind = await simulate(place, report, expected)
    const found = joined(behind, { ...noFindings, skipped: wire.skipped })
    ui.answer(options.json ? toJson(report, found) : showSimulation(report, found))
    return found.faults.length === 0 ? exitCodes.done : exitCodes.putBack
  } finally {
    await wire.close()
  }
}

/** Who is to be played: a Pi of the farm, or any board by its MAC and serial. */
function boardOf(
  farm: Farm | undefined,
  options: SimulateOptions,
): { readonly board: Board; readonly pi: Pi | undefined } {
  const given = {
    mac: flag('--mac', mac, options.mac),
    serial: flag('--serial', serial, options.serial),
    model: flag('--model', model, options.model),
  }
  const pi = farm?.pis.find((one) =>
    options.name === undefined ? one.mac === given.mac : one.name === options.name,
  )
  if (options.name !== undefined && pi === undefined)
    throw new UserError(`there is no Pi ${quoted(options.name)} in the farm`, {
      hint: 'see all with: pifarm list',
    })
  const board = {
    mac: given.mac ?? pi?.mac,
    serial: given.serial ?? pi?.serial,
    model: given.model ?? pi?.model ?? farm?.defaults.model ?? '3b',
  }
  if (board.mac === undefined)
    throw new UserError('which Pi?', {
      hint: 'pifarm simulate-boot NAME, or --mac and --serial of a board',
    })
  if (board.serial === undefined)
    throw new UserError(`the serial of ${pi?.name ?? board.mac} is not known yet`, {
      hint: 'find it with `pifarm find-serial`, or name one with --serial',
    })
  const { model: kind } = board
  return {
    board: { model: kind, mac: mac.parse(board.mac), serial: serial.parse(board.serial) },
    pi,
  }
}

/** A farm.yaml that lies here does not make this machine the NAS: its address does. */
async function whereAmI({ nas }: Tools, farm: Farm | undefined): Promise<Place> {
  const { stdout } = await nas.ask(['ip', '-4', '-o', 'addr', 'show'])
  const own = new Set([...stdout.matchAll(/ inet ([\d.]+)/g)].map(([, address]) => address))
  return farm && own.has(farm.nas.address) ? { kind: 'nas', farm, nas } : { kind: 'elsewhere' }
}

/** The network as this machine may use it for the Pi. */
interface OpenWire {
  readonly ways: Pick<PlayPiOptions, 'dhcpPorts' | 'assumed' | 'useAddress'>
  /** What cannot be done here, one line each. */
  readonly skipped: readonly string[]
  /** Makes the machine's own interface what it was. */
  close(): Promise<void>
}

async function openWire(
  tools: Tools,
  farm: Farm | undefined,
  pi: Pi | undefined,
  place: Place,
  options: SimulateOptions,
): Promise<OpenWire> {
  const dhcpPorts = portsAt(place)
  const nothing = async () => undefined
  const forbidden = await dhcpForbidden(dhcpPorts)
  if (forbidden !== undefined) {
    const assumed = assumedOffer(farm, pi, forbidden)
    const skipped = [`DHCP: no right to speak it here (${forbidden}); run it as root`]
    return { ways: { dhcpPorts, assumed, useAddress: nothing }, skipped, close: nothing }
  }
  if (place.kind === 'nas')
    return { ways: { dhcpPorts, useAddress: nothing }, skipped: [], close: nothing }
  if (options.interface === undefined)
    throw new UserError('this machine is not the NAS of the farm', {
      hint: 'run it on the NAS, or name with --interface where this machine is to play the Pi',
    })
  const { useAddress, giveBack } = await borrowInterface(tools.nas, options.interface)
  return { ways: { dhcpPorts, useAddress }, skipped: [], close: giveBack }
}

/** On the NAS DHCP is asked as a relay would: a server does not hear its own machine's boards. */
function portsAt(place: Place): DhcpPorts {
  if (place.kind === 'elsewhere') return { ...realDhcpPorts, linger }
  const { nas, network } = place.farm
  return { client: 67, server: 67, to: broadcastOf(network.subnet), relay: nas.address, linger }
}

function broadcastOf(subnet: string): Ipv4 {
  const [network = '', bits = '32'] = subnet.split('/')
  const number = network.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const last = number + 2 ** (32 - Number(bits)) - 1
  return ipv4.parse([24, 16, 8, 0].map((shift) => (last >>> shift) & 255).join('.'))
}

/** What the farm would have DHCP say. */
function assumedOffer(farm: Farm | undefined, pi: Pi | undefined, why: string): BootOffer {
  if (farm === undefined || pi === undefined)
    throw new UserError(`DHCP may not be spoken here (${why})`, { hint: 'run it as root' })
  return {
    address: pi.address,
    netmask: ipv4.parse('255.255.255.0'),
    tftpServer: farm.nas.address,
    server: farm.nas.address,
    invites: true,
  }
}

function toJson(report: BootReport, found: Findings): string {
  const boots = found.faults.length === 0
  return JSON.stringify({ boots, ...found, report: { ...report, kernelBytes: undefined } }, null, 2)
}
