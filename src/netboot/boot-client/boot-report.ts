import type { Ipv4, Mac, Serial } from '../../farm/schema.ts'
import type { Cmdline } from './cmdline.ts'
import type { PlayedModel } from './config-txt.ts'

/** Who is asking: the ROM, bootcode.bin, or start.elf, which loads what the kernel needs. */
export type BootStage = 'rom' | 'bootcode' | 'start'

export interface TimelineEntry {
  /** Milliseconds since power on. */
  readonly t: number
  readonly stage: BootStage
  /** e.g. `DHCPDISCOVER (1 of 5)`, `3333347a/start.elf`. */
  readonly asked: string
  /** e.g. `52460 bytes`, `error 1: File not found`, `no answer`. Fit to be shown. */
  readonly answer: string
  /** Bytes received; undefined where no file came. */
  readonly bytes: number | undefined
}

export interface ServedFile {
  readonly bytes: number
  /** Lower-case hex. */
  readonly sha256: string
  /** Of .txt files only. */
  readonly text: string | undefined
}

/** What a board went through from power on until its kernel would start, or until it stopped. */
export interface BootReport {
  readonly model: PlayedModel
  readonly mac: Mac
  readonly serial: Serial
  readonly events: readonly TimelineEntry[]
  readonly address: Ipv4 | undefined
  readonly tftpServer: Ipv4 | undefined
  /** Undefined: it fell back to the top of the TFTP root, or did not get that far. */
  readonly serialDir: Serial | undefined
  /** By the path asked for, e.g. `3333347a/config.txt`. */
  readonly files: Readonly<Record<string, ServedFile>>
  readonly kernel: string | undefined
  readonly initramfs: string | undefined
  /** config.txt's settings as they apply to this board. */
  readonly config: Readonly<Record<string, string>>
  readonly cmdline: Cmdline | undefined
  /** What did not stop the boot but would be missed, one line each. */
  readonly warnings: readonly string[]
  /** Why it went no further; undefined: the kernel would start. */
  readonly stopped: string | undefined
}
