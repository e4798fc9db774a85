import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Farm, Pi } from '../farm/farm.ts'
import { type Ipv4, ipv4, mac, model, serial } from '../farm/schema.ts'
import type { Board, BootReport, TimelineEntry } from '../netboot/boot-client/boot-report.ts'
import { type DhcpPorts, dhcpForbidden, realDhcpPorts } from '../netboot/boot-client/dhcp-client.ts'
import type { BootOffer } from '../netboot/boot-client/offer.ts'
import { playPi } from '../netboot/boot-client/play-pi.ts'
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
  const { report, skipped } = await walk(tools, farm, pi, board, place, options)
  const about = pi && pi.mac === board.mac ? pi.address : undefined
  const found = joined(await simulate(place, report, about), { ...noFindings, skipped })
  ui.answer(options.json ? toJson(report, found) : showSimulation(report, found))
  return found.faults.length === 0 ? exitCodes.done : exitCodes.putBack
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

async function walk(
  tools: Tools,
  farm: Farm | undefined,
  pi: Pi | undefined,
  board: Board,
  place: Place,
  options: SimulateOptions,
): Promise<{ readonly report: BootReport; readonly skipped: readonly string[] }> {
  const tell = (entry: TimelineEntry) => {
    if (!options.json) tools.ui.answer(showStep(entry))
  }
  const ports = portsAt(place)
  const forbidden = await dhcpForbidden(ports)
  const play = {
    board,
    patience,
    dhcpPorts: ports,
    tftpPort: 69,
    tell,
    now: () => performance.now(),
  }
  if (forbidden !== undefined) {
    const assumed = assumedOffer(farm, pi, forbidden)
    const report = await playPi({ ...play, assumed, useAddress: async () => undefined })
    return { report, skipped: [`DHCP: no right to speak it here (${forbidden}); run it as root`] }
  }
  if (place.kind === 'nas') {
    return { report: await playPi({ ...play, useAddress: async () => undefined }), skipped: [] }
  }
  if (options.interface === undefined)
    throw new UserError('this machine is not the NAS of the farm', {
      hint: 'run it on the NAS, or name with --interface where this machine is to play the Pi',
    })
  const borrowed = await borrowInterface(tools.nas, options.interface)
  try {
    const { useAddress } = borrowed
    return { report: await playPi({ ...play, useAddress }), skipped: [] }
  } finally {
    await borrowed.giveBack()
  }
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
