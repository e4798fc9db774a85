import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Emulation, type NasDisk, nasDisk } from '../images/nas-disk.ts'
import { tileRegisters } from '../images/tile-registers.ts'
import { passingDir, passingDirs } from '../passing-dir.ts'
import type { Console } from './console.ts'
import { type Firmware, playFirmware, unpacked } from './firmware.ts'
import { lastWords } from './last-words.ts'
import { Nas } from './nas.ts'
import { Network } from './network.ts'
import { Pi } from './pi.ts'
import { Timeline } from './timeline.ts'
import { within } from './within.ts'

export interface Board {
  readonly name: string
  readonly mac: string
  readonly serial: string
}

interface BoxParts {
  readonly dir: string
  readonly boards: readonly Board[]
  readonly disk: NasDisk
  /** The library that guests start with. */
  readonly registers: string
  readonly emulation: Emulation
}

/** All that comes over TFTP, on a busy machine. In ms. */
const longestFirmware = 900_000

/**
 * A farm of emulated machines on one switch, in namespaces of its own: a NAS that can be switched
 * on, and boards that can. Ends with `close`, or with the process that opened it.
 */
export class Box {
  readonly timeline: Timeline
  readonly dir: string
  readonly #boards: readonly Board[]
  readonly #disk: NasDisk
  readonly #registers: string
  readonly #emulation: Emulation
  readonly #network: Network
  readonly pis = new Map<string, Pi>()
  /** By name, also of a Pi that is off: what it said last is asked for when it is. */
  readonly #consoles = new Map<string, Console>()
  nas: Nas | undefined

  private constructor(made: BoxParts, network: Network, timeline: Timeline) {
    this.dir = made.dir
    this.#boards = made.boards
    this.#disk = made.disk
    this.#registers = made.registers
    this.#emulation = made.emulation
    this.#network = network
    this.timeline = timeline
  }

  /** Makes the images where they are not in the cache, and lays the wires. */
  static async open(
    boards: readonly Board[],
    emulation: Emulation,
    tell: (line: string) => void,
  ): Promise<Box> {
    const timeline = new Timeline(tell)
    const disk = await nasDisk(emulation, tell).catch((cause: Error) => {
      throw new Error(`the disk of the NAS could not be made: ${cause.message}`, { cause })
    })
    for (const { name, made, took } of disk.parts)
      timeline.note('images', `${name}: ${made}${made === 'made' ? seconds(took) : ''}`)
    const registers = await tileRegisters()
    await passingDirs(tmpdir(), 'pifarm-box')
    const dir = await passingDir(tmpdir(), 'pifarm-box')
    await mkdir(join(dir, 'commands'))
    const network = await Network.lay(boards.map(({ name }) => name))
    return new Box({ dir, boards, disk, registers, emulation }, network, timeline)
  }

  /** Switches the NAS on, and waits for its services. */
  async startNas(): Promise<Nas> {
    this.nas = await Nas.start({
      dir: this.dir,
      disk: this.#disk.file,
      registers: this.#registers,
      entering: this.#network.entering,
      enter: (argv) => this.#network.enter(argv),
      timeline: this.timeline,
    })
    return this.nas
  }

  /** A board from power on to where its kernel would start. */
  async playFirmware(board: Board): Promise<Firmware> {
    const { name } = board
    this.timeline.note(name, 'power on')
    const run = playFirmware(board, join(this.dir, name), this.#network.entering)
    const played = within(longestFirmware, `the firmware of ${name} to end`, run)
    // Its MAC is soon at another port.
    const down = ['ip', '-n', name, 'link', 'set', 'eth0', 'down']
    const firmware = await played.finally(() => this.#network.enter(down))
    const { stopped, address, files, kernel } = firmware.report
    this.timeline.note(
      name,
      stopped === undefined
        ? `firmware: ${address}, ${Object.keys(files).length} files, starts ${kernel}`
        : `firmware stopped: ${stopped.what}`,
    )
    return firmware
  }

  /** Starts the kernel that came, with all that came with it. */
  async startKernel(board: Board, firmware: Firmware): Promise<Pi> {
    if (this.pis.has(board.name)) await this.switchOff(board)
    const pi = Pi.start({
      board,
      firmware: { ...firmware, kernel: await unpacked(firmware.kernel) },
      emulation: this.#emulation,
      registers: this.#registers,
      tap: `pi${this.#boards.indexOf(board) + 1}`,
      dir: this.dir,
      entering: this.#network.entering,
      enter: (argv) => this.#network.enter(argv),
      timeline: this.timeline,
    })
    this.pis.set(board.name, pi)
    this.#consoles.set(board.name, pi.console)
    return pi
  }

  /** From power on to a kernel that runs. Throws where the firmware stops. */
  async powerOn(board: Board): Promise<Pi> {
    const firmware = await this.playFirmware(board)
    if (firmware.report.stopped !== undefined)
      throw new Error(`${board.name} stopped: ${firmware.report.stopped.what}`)
    return await this.startKernel(board, firmware)
  }

  /** Pulls a Pi's plug. */
  async switchOff({ name }: Board): Promise<void> {
    await this.pis.get(name)?.cutPower()
    this.pis.delete(name)
    this.timeline.note(name, 'off')
  }

  /** Pulls the plug of the NAS. */
  async cutNas(): Promise<void> {
    await this.nas?.cutPower()
    this.nas = undefined
  }

  /** What is wanted to see where something went wrong. */
  async lastWords(): Promise<string> {
    return await lastWords(this.#consoles, this.nas)
  }

  async close(): Promise<void> {
    try {
      await this.#network.close()
    } finally {
      await rm(this.dir, { recursive: true, force: true })
    }
  }
}

function seconds(ms: number): string {
  return ` in ${(ms / 1000).toFixed(0)} s`
}
