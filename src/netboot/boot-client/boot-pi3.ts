import type { Ipv4, Mac, Serial } from '../../farm/schema.ts'
import type { BootRecorder } from './boot-recorder.ts'
import type { BootReport, BootStage } from './boot-report.ts'
import { type Cmdline, readCmdline } from './cmdline.ts'
import { type ConfigTxt, configTxtLimit, type PlayedModel, readConfigTxt } from './config-txt.ts'
import { bootcodeDiscover, romDiscover } from './discover-packet.ts'
import { armStub, deviceTree, initramfsFile, kernelFiles, startFiles } from './firmware-files.ts'

export interface Board {
  readonly model: PlayedModel
  readonly mac: Mac
  readonly serial: Serial
}

/**
 * How long each DISCOVER is waited for, in ms; as many DISCOVERs as there are waits. A real board
 * sends 5, one every 5 s, and gives up for good.
 */
export interface Patience {
  readonly rom: readonly number[]
  readonly bootcode: readonly number[]
}

/**
 * Boots as a Pi 3B or 3B+ does over the network, up to where the kernel would start. Files that
 * real firmware asks for several times are asked for once a stage.
 */
export async function bootPi3(
  board: Board,
  recorder: BootRecorder,
  patience: Patience,
): Promise<BootReport> {
  const boot = new Pi3Boot(board, recorder, patience)
  const stopped = (await boot.rom()) ?? (await boot.bootcode()) ?? (await boot.startElf())
  return boot.report(stopped)
}

/** Each stage answers why the boot ends there; undefined: it goes on. */
type Stage = Promise<string | undefined>

class Pi3Boot {
  readonly #board: Board
  readonly #recorder: BootRecorder
  readonly #patience: Patience
  readonly #warnings: string[] = []
  #address: Ipv4 | undefined
  #server: Ipv4 | undefined
  #hasOwnDirectory = false
  #config: ConfigTxt = { settings: new Map(), initramfs: undefined, overlays: [] }
  #cmdline: Cmdline | undefined
  #kernel: string | undefined
  #initramfs: string | undefined

  constructor(board: Board, recorder: BootRecorder, patience: Patience) {
    this.#board = board
    this.#recorder = recorder
    this.#patience = patience
  }

  async rom(): Stage {
    const { mac } = this.#board
    const offer = await this.#recorder.discover(
      'rom',
      (secs) => romDiscover(mac, secs),
      this.#patience.rom,
    )
    if ('stopped' in offer) return `rom: ${offer.stopped}`
    this.#address = offer.address
    this.#server = offer.tftpServer
    if (!(await this.#fetch('rom', 'bootcode.bin'))) return 'rom: bootcode.bin did not come'
    await this.#fetch('rom', 'bootsig.bin')
    return undefined
  }

  async bootcode(): Stage {
    const { mac, serial } = this.#board
    const offer = await this.#recorder.discover(
      'bootcode',
      (secs) => bootcodeDiscover(mac, serial, secs),
      this.#patience.bootcode,
    )
    if ('stopped' in offer) return `bootcode.bin: ${offer.stopped}`
    this.#address = offer.address
    this.#server = offer.tftpServer
    const probe = `${serial}/start.elf`
    this.#hasOwnDirectory = await this.#recorder.probe('bootcode', offer.tftpServer, probe)
    await this.#fetchOwn('bootcode', 'autoboot.txt')
    await this.#fetchConfig('bootcode')
    if (await this.#fetchOwn('bootcode', 'recovery.elf')) {
      return 'bootcode.bin: recovery.elf came, so the board starts the recovery system'
    }
    const { start, fixup } = startFiles(this.#config)
    if (!(await this.#fetchOwn('bootcode', start))) return `bootcode.bin: ${this.#missing(start)}`
    if (!(await this.#fetchOwn('bootcode', fixup))) {
      this.#warn(`${this.#missing(fixup)}: the firmware cannot divide the memory as gpu_mem says`)
    }
    return undefined
  }

  async startElf(): Stage {
    await this.#fetchConfig('start')
    await this.#fetchOwn('start', 'dt-blob.bin')
    await this.#fetchOwn('start', 'bootcfg.txt')
    await this.#fetchTrees()
    const cmdline = await this.#fetchOwn(
      'start',
      this.#config.settings.get('cmdline') || 'cmdline.txt',
    )
    if (cmdline) this.#readCmdline(cmdline)
    await this.#fetchKernel()
    if (this.#kernel === undefined) {
      return `start.elf: no kernel: ${kernelFiles(this.#config).join(', ')} did not come`
    }
    if (!cmdline) return 'start.elf: cmdline.txt did not come, so the kernel would find no root'
    return undefined
  }

  async #fetchTrees(): Promise<void> {
    const tree = deviceTree(this.#config, this.#board.model)
    if (!(await this.#fetchOwn('start', tree))) this.#warn(this.#missing(tree))
    await this.#fetchOwn('start', 'overlays/overlay_map.dtb')
    for (const overlay of this.#config.overlays) {
      const file = `overlays/${overlay}.dtbo`
      if (!(await this.#fetchOwn('start', file))) this.#warn(this.#missing(file))
    }
  }

  async #fetchKernel(): Promise<void> {
    for (const name of kernelFiles(this.#config)) {
      if (!(await this.#fetchOwn('start', name))) continue
      this.#kernel = name
      break
    }
    if (this.#kernel === undefined) return
    await this.#fetchOwn('start', armStub(this.#kernel))
    const initramfs = initramfsFile(this.#config, this.#kernel)
    if (initramfs === undefined) return
    if (await this.#fetchOwn('start', initramfs)) this.#initramfs = initramfs
    else this.#warn(this.#missing(initramfs))
  }

  async #fetchConfig(stage: BootStage): Promise<void> {
    const bytes = await this.#fetchOwn(stage, 'config.txt')
    if (!bytes) return
    this.#config = readConfigTxt(bytes, this.#board)
    if (bytes.length > configTxtLimit && stage === 'start') {
      this.#warn(`config.txt has ${bytes.length} bytes: those past ${configTxtLimit} are not read`)
    }
  }

  #readCmdline(bytes: Buffer): void {
    const text = bytes.toString('utf8')
    this.#cmdline = readCmdline(text)
    if (text.trim().includes('\n')) {
      this.#warn('cmdline.txt has more than one line: only the first is read')
    }
  }

  #fetch(stage: BootStage, file: string): Promise<Buffer | undefined> {
    if (this.#server === undefined) throw new Error('no TFTP server before the first OFFER')
    return this.#recorder.fetch(stage, this.#server, file)
  }

  #fetchOwn(stage: BootStage, file: string): Promise<Buffer | undefined> {
    return this.#fetch(stage, this.#path(file))
  }

  /** Without a directory of its own the board reads everything from the top. */
  #path(file: string): string {
    return this.#hasOwnDirectory ? `${this.#board.serial}/${file}` : file
  }

  #missing(file: string): string {
    return this.#hasOwnDirectory
      ? `${this.#path(file)} did not come`
      : `${file} did not come, nor is there a ${this.#board.serial}/start.elf`
  }

  #warn(line: string): void {
    this.#warnings.push(line)
  }

  report(stopped: string | undefined): BootReport {
    return {
      ...this.#board,
      events: this.#recorder.events,
      address: this.#address,
      tftpServer: this.#server,
      serialDir: this.#hasOwnDirectory ? this.#board.serial : undefined,
      files: Object.fromEntries(this.#recorder.files),
      kernel: this.#kernel,
      initramfs: this.#initramfs,
      config: Object.fromEntries(this.#config.settings),
      cmdline: this.#cmdline,
      warnings: this.#warnings,
      stopped,
    }
  }
}
