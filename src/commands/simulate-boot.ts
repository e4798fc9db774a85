import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Farm, Pi } from '../farm/farm.ts'
import { mac, model, serial } from '../farm/schema.ts'
import type { Board, BootReport, TimelineEntry } from '../netboot/boot-client/boot-report.ts'
import { playPi } from '../netboot/boot-client/play-pi.ts'
import { enrolmentOf } from '../netboot/simulate/enrolment.ts'
import { type Findings, joined, noFindings } from '../netboot/simulate/fault.ts'
import { simulate } from '../netboot/simulate/simulate.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { openWire, whereAmI } from './boot-wire.ts'
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
/** Boots as that Pi would, against the live servers, and says where it would stop. */
export async function simulateBoot(tools: Tools, options: SimulateOptions): Promise<number> {
  const { nas, ui, signal } = tools
  const farm =
    (await nas.read(options.config)) === undefined
      ? undefined
      : (await readFarm(nas, options.config)).farm
  const { board, pi } = boardOf(farm, options)
  const place = await whereAmI(nas, farm)
  const wire = await openWire(nas, farm, pi, place, options.interface)
  try {
    const tell = (entry: TimelineEntry) => {
      if (!options.json) ui.answer(showStep(entry))
    }
    const now = () => performance.now()
    const report = await playPi({ ...wire.ways, board, patience, tftpPort: 69, tell, now, signal })
    const enrolment = enrolmentOf(farm, board)
    const { hasAddress } = wire
    const behind = await simulate({ place, report, enrolment, hasAddress }, signal)
    signal.throwIfAborted()
    const found = joined(behind, { ...noFindings, faults: wire.unproven })
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
  if (options.name !== undefined && farm === undefined)
    throw new UserError(`there is no farm at ${options.config}`, {
      hint: 'name another file with --config, or a board with --mac and --serial',
    })
  const pi = farm?.pis.find((one) => {
    if (options.name !== undefined) return one.name === options.name
    if (given.mac !== undefined) return one.mac === given.mac
    return given.serial !== undefined && one.serial === given.serial
  })
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

function toJson(report: BootReport, found: Findings): string {
  const boots = found.faults.length === 0
  return JSON.stringify({ boots, ...found, report: { ...report, loaded: undefined } }, null, 2)
}
