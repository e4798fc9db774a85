import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { execa } from 'execa'
import { atEnd } from '../at-end.ts'
import { type Emulation, type NasDisk, nasDisk } from '../images/nas-disk.ts'
import { tileRegisters } from '../images/tile-registers.ts'
import { passingDir, passingDirs } from '../passing-dir.ts'
import type { Console } from './console.ts'
import { ended } from './ended.ts'
import { type Firmware, playFirmware, unpacked } from './firmware.ts'
import { Nas } from './nas.ts'
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

/** In ms, on a busy machine. An `ip` or a `kill`; all that comes over TFTP; what a NAS in trouble says last. */
const [longestCommand, longestFirmware, longestJournal] = [60_000, 900_000, 60_000]

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
  readonly #network: ChildProcess
  readonly #entering: readonly string[]
  readonly pis = new Map<string, Pi>()
  /** By name, also of a Pi that is off: what it said last is asked for when it is. */
  readonly #consoles = new Map<string, Console>()
  nas: Nas | undefined

  private constructor(made: BoxParts, network: ChildProcess, timeline: Timeline) {
    this.dir = made.dir
    this.#boards = made.boards
    this.#disk = made.disk
    this.#registers = made.registers
    this.#emulation = made.emulation
    this.#network = network
    this.timeline = timeline
    const target = String(network.pid)
    this.#entering = [
      `--target=${target}`,
      '--mount',
      '--net',
      `--pid=${pidNamespace(target)}`,
      '--',
    ]
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
    const network = spawn(
      'unshare',
      [
        ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
        ...['bash', join(import.meta.dirname, 'network.sh'), ...boards.map(({ name }) => name)],
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    atEnd(() => network.kill('SIGKILL'))
    if (await within(longestCommand, 'the network of the box', isReady(network)))
      return new Box({ dir, boards, disk, registers, emulation }, network, timeline)
    throw new Error('the network of the box did not start')
  }

  /** Runs a command where the machines are; answers what it printed. */
  async enter(argv: readonly string[]): Promise<string> {
    const run = execa('nsenter', [...this.#entering, ...argv])
    return (await within(longestCommand, `${argv.join(' ')} to end`, run)).stdout
  }

  /** Switches the NAS on, and waits for its services. */
  async startNas(): Promise<Nas> {
    this.nas = await Nas.start({
      dir: this.dir,
      disk: this.#disk.file,
      registers: this.#registers,
      entering: this.#entering,
      enter: (argv) => this.enter(argv),
      timeline: this.timeline,
    })
    return this.nas
  }

  /** A board from power on to where its kernel would start. */
  async playFirmware(board: Board): Promise<Firmware> {
    const { name } = board
    this.timeline.note(name, 'power on')
    const run = playFirmware(board, join(this.dir, name), this.#entering)
    const played = within(longestFirmware, `the firmware of ${name} to end`, run)
    // Its MAC is soon at another port.
    const down = ['ip', '-n', name, 'link', 'set', 'eth0', 'down']
    const firmware = await played.finally(() => this.enter(down))
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
      entering: this.#entering,
      enter: (argv) => this.enter(argv),
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
    const parts: string[] = []
    for (const [name, { lines }] of this.#consoles)
      parts.push(`-- console of ${name}`, ...lines.slice(-80))
    if (this.nas) parts.push('-- console of the NAS', ...this.nas.console.lines.slice(-20))
    if (this.nas) {
      const told = within(longestJournal, 'the journal of the NAS', this.nas.journal())
      const journal = await told.catch((error: Error) => error.message)
      parts.push('-- journal of the NAS', ...journal.split('\n').slice(-80))
    }
    return parts.join('\n')
  }

  async close(): Promise<void> {
    this.#network.stdin?.end()
    try {
      await ended(this.#network, 'the machines of the box')
    } finally {
      await rm(this.dir, { recursive: true, force: true })
    }
  }
}

/** Its shell says so when all wires are laid. */
async function isReady(network: ChildProcess & { readonly stdout: Readable }): Promise<boolean> {
  for await (const line of createInterface(network.stdout)) if (line === 'ready') return true
  return false
}

/** The network's first process is one of the namespace that `unshare` itself is not in. */
function pidNamespace(pid: string): string {
  return `/proc/${pid}/ns/pid_for_children`
}

function seconds(ms: number): string {
  return ` in ${(ms / 1000).toFixed(0)} s`
}
