import { join } from 'node:path'
import { longestStage } from '../emulation.ts'
import type { Emulation } from '../images/nas-disk.ts'
import type { Board } from './box.ts'
import type { Firmware } from './firmware.ts'
import { type Enter, Machine, startMachine } from './machine.ts'
import type { Timeline } from './timeline.ts'

/** What a Pi goes through once its kernel runs, each with what the console says then. */
export const stages = {
  kernel: /Linux version \d/,
  initramfs: /Loading, please wait|Begin: Running \/scripts\/init-top/,
  address: /IP-Config: .*complete/,
  /** The initramfs has waited three minutes for one. */
  'no network': /^ipconfig: no devices to configure/,
  /** Out of its root: the initramfs runs all of its own scripts, whether or not that could be mounted. */
  systemd: /Welcome to .*GNU\/Linux/,
  /** The initramfs has tried for as long as `rootdelay` grants. */
  'no root': /^No init found\. Try passing init= bootarg\./,
  'multi-user': /Reached target.*(?:multi-user\.target|Multi-User System)/,
} as const

export type Stage = keyof typeof stages

interface PiParts {
  readonly board: Board
  readonly firmware: Firmware
  readonly emulation: Emulation
  readonly tap: string
  readonly registers: string
  readonly dir: string
  readonly entering: readonly string[]
  readonly enter: Enter
  readonly timeline: Timeline
}

/** A board whose kernel runs: the one that came over TFTP, told what came over TFTP. */
export class Pi extends Machine {
  readonly #longestStage: number

  private constructor(longest: number, ...machine: ConstructorParameters<typeof Machine>) {
    super(...machine)
    this.#longestStage = longest
  }

  static start(parts: PiParts): Pi {
    const { board, emulation, dir, entering, enter, timeline } = parts
    const argv = emulation === 'uml' ? guestArgv(parts) : boardArgv(parts)
    const pidFile = join(dir, `${board.name}.pid`)
    const process = startMachine(entering, argv, pidFile, ['ignore', 'pipe', 'pipe'])
    const reached = new Set<Stage>()
    return new Pi(longestStage(emulation), board.name, process, pidFile, enter, (line) => {
      for (const [stage, sign] of Object.entries(stages) as [Stage, RegExp][])
        if (!reached.has(stage) && sign.test(line)) {
          reached.add(stage)
          timeline.note(board.name, stage)
        }
    })
  }

  /** Waits for a stage; of several, answers which comes first. Throws where none does. */
  async reaches(...any: readonly Stage[]): Promise<Stage | undefined> {
    const signs = any.map((stage) => stages[stage].source)
    const line = await this.console.said(new RegExp(signs.join('|')), this.#longestStage)
    return any.find((stage) => stages[stage].test(line))
  }
}

function guestArgv({ board, firmware, tap, registers, dir }: PiParts): string[] {
  return [
    ...['env', `LD_PRELOAD=${registers}`],
    ...[firmware.kernel, 'mem=512M', `umid=${board.name}`, `uml_dir=${dir}/uml`],
    ...[`initrd=${firmware.initramfs}`, 'con=null', 'con0=null,fd:1', 'con1=null,fd:1', 'ssl=null'],
    `vec0:transport=tap,ifname=${tap},depth=64,gro=1,mac=${board.mac}`,
    ...firmware.cmdline.split(' '),
  ]
}

function boardArgv({ board, firmware, tap }: PiParts): string[] {
  return [
    ...['qemu-system-aarch64', '-M', 'raspi3b', '-accel', 'tcg,thread=multi'],
    ...['-kernel', firmware.kernel, '-initrd', firmware.initramfs, '-dtb', firmware.deviceTree],
    ...['-append', firmware.cmdline, '-display', 'none', '-monitor', 'none', '-no-reboot'],
    ...['-serial', 'stdio', '-serial', 'null'],
    ...['-netdev', `tap,id=lan,ifname=${tap},script=no,downscript=no`],
    ...['-device', `usb-net,netdev=lan,mac=${board.mac}`],
  ]
}
