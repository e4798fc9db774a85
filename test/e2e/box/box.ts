import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { gunzipSync } from 'node:zlib'
import { execa } from 'execa'
import type { BootReport } from '../../../src/netboot/boot-client/boot-report.ts'
import { atEnd } from '../at-end.ts'
import { type Emulation, type NasDisk, nasDisk } from '../images/nas-disk.ts'
import { tileRegisters } from '../images/tile-registers.ts'
import { passingDir, passingDirs } from '../passing-dir.ts'
import { Nas } from './nas.ts'
import { Pi } from './pi.ts'
import { Timeline } from './timeline.ts'

export interface Board {
  readonly name: string
  readonly mac: string
  readonly serial: string
}

/** What came over TFTP, as files. */
export interface Firmware {
  readonly report: BootReport
  readonly kernel: string
  readonly initramfs: string
  readonly deviceTree: string
  readonly cmdline: string
}

interface BoxParts {
  readonly dir: string
  readonly boards: readonly Board[]
  readonly disk: NasDisk
  /** The library that guests start with. */
  readonly registers: string
  readonly emulation: Emulation
}

const project = join(import.meta.dirname, '../../..')
const tsx = createRequire(import.meta.url).resolve('tsx')

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
    for await (const line of createInterface(network.stdout))
      if (line === 'ready')
        return new Box({ dir, boards, disk, registers, emulation }, network, timeline)
    throw new Error('the network of the box did not start')
  }

  /** Runs a command where the machines are; answers what it printed. */
  async enter(argv: readonly string[]): Promise<string> {
    return (await execa('nsenter', [...this.#entering, ...argv])).stdout
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
  async playFirmware({ name, mac, serial }: Board): Promise<Firmware> {
    this.timeline.note(name, 'power on')
    const kept = join(this.dir, name)
    await rm(kept, { recursive: true, force: true })
    await mkdir(kept)
    const json = join(kept, 'report.json')
    const player = [process.execPath, '--import', tsx, join(project, 'test/lab/pi.ts')]
    const wires = ['ip', 'netns', 'exec', name]
    const board = ['--interface', 'eth0', '--mac', mac, '--serial', serial]
    const files = ['--json', json, '--keep', kept]
    const argv = [...this.#entering, ...wires, ...player, ...board, ...files]
    const { all } = await execa('nsenter', argv, { all: true, reject: false })
    const text = await readFile(json, 'utf8').catch(() => undefined)
    // Its MAC is soon at another port.
    await this.enter(['ip', '-n', name, 'link', 'set', 'eth0', 'down'])
    if (text === undefined) throw new Error(`the boot client failed:\n${all}`)
    const report = JSON.parse(text) as BootReport
    this.timeline.note(
      name,
      report.stopped === undefined
        ? `firmware: ${report.address}, ${Object.keys(report.files).length} files, starts ${report.kernel}`
        : `firmware stopped: ${report.stopped.what}`,
    )
    const file = (name = 'none') => join(kept, report.serialDir ?? '', name)
    return {
      report,
      kernel: file(report.kernel),
      initramfs: file(report.initramfs),
      deviceTree: file(report.deviceTree),
      cmdline: report.cmdline?.text.trim() ?? '',
    }
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
    for (const [name, pi] of this.pis)
      parts.push(`-- console of ${name}`, ...pi.console.lines.slice(-40))
    if (this.nas) parts.push('-- console of the NAS', ...this.nas.console.lines.slice(-20))
    const journal = await this.nas?.journal().catch((error: Error) => error.message)
    if (journal !== undefined)
      parts.push('-- journal of the NAS', ...journal.split('\n').slice(-80))
    return parts.join('\n')
  }

  async close(): Promise<void> {
    const over = once(this.#network, 'exit')
    this.#network.stdin?.end()
    await over
    await rm(this.dir, { recursive: true, force: true })
  }
}

/** A kernel that came gzipped, which the firmware of a Pi unpacks too. */
async function unpacked(kernel: string): Promise<string> {
  const bytes = await readFile(kernel)
  const file = `${kernel}.unpacked`
  const isPacked = bytes.readUInt16BE(0) === 0x1f8b
  await writeFile(file, isPacked ? gunzipSync(bytes) : bytes, { mode: 0o755 })
  return file
}

/** The network's first process is one of the namespace that `unshare` itself is not in. */
function pidNamespace(pid: string): string {
  return `/proc/${pid}/ns/pid_for_children`
}

function seconds(ms: number): string {
  return ` in ${(ms / 1000).toFixed(0)} s`
}
