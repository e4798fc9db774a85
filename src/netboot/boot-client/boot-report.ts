import type { Ipv4, Mac, Model, Serial } from '../../farm/schema.ts'
import type { BootRecorder } from './boot-recorder.ts'
import type { Cmdline } from './cmdline.ts'
import type { Answer } from './dhcp-client.ts'
import type { KernelImage } from './kernel-image.ts'
import type { BootOffer } from './offer.ts'
import type { OwnFiles } from './own-files.ts'
import type { Handover } from './start-elf.ts'
import type { Stop } from './stop.ts'

export interface Board {
  readonly model: Model
  readonly mac: Mac
  readonly serial: Serial
}

/**
 * How long each DISCOVER is waited for, in ms; as many DISCOVERs as there are waits. A real Pi 3
 * sends 5, one every 5 s, and gives up for good. `bootcode`: the second round, of a Pi 3 only.
 */
export interface Patience {
  readonly rom: readonly number[]
  readonly bootcode: readonly number[]
}

/** Who is asking: the ROM and then bootcode.bin, or the EEPROM; start.elf loads what the kernel needs. */
export type BootStage = 'rom' | 'bootcode' | 'eeprom' | 'start'

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
  /** Of .txt files only, and their beginning only where they are very long. */
  readonly text: string | undefined
}

/** What a file is to a board. */
export type FileRole =
  /** By it the board knows that it has a directory of its own. */
  | 'sign'
  | 'firmware'
  | 'fixup'
  | 'include'
  | 'device-tree'
  | 'overlay'
  | 'cmdline'
  | 'kernel'
  /** One that goes before the kernel that came. */
  | 'better-kernel'
  | 'initramfs'

/** A file that was needed and did not come. */
export interface MissingFile {
  /** The path asked for, e.g. `3333347a/config.txt`. */
  readonly file: string
  readonly role: FileRole
  readonly lack: Lack
}

/** A copy that a full disk cut off is often of no bytes at all. */
export type Lack = 'did not come' | 'is empty'

/** What a board went through from power on until its kernel would start, or until it stopped. */
export interface BootReport {
  readonly model: Model
  readonly mac: Mac
  readonly serial: Serial
  readonly events: readonly TimelineEntry[]
  readonly address: Ipv4 | undefined
  readonly tftpServer: Ipv4 | undefined
  /** The last OFFER that was taken. */
  readonly offer: BootOffer | undefined
  /** Every DHCP server that answered, and what it said last. */
  readonly servers: readonly Answer[]
  /** Undefined: it fell back to the top of the TFTP root, or did not get that far. */
  readonly serialDir: Serial | undefined
  /** By the path asked for, e.g. `3333347a/config.txt`. */
  readonly files: Readonly<Record<string, ServedFile>>
  readonly missing: readonly MissingFile[]
  readonly kernel: string | undefined
  readonly image: KernelImage | undefined
  /** The kernel itself and its initramfs, by the names that config.txt has; not part of the report as JSON. */
  readonly loaded: ReadonlyMap<string, Buffer>
  /** The first one, where all that go with the kernel came. */
  readonly initramfs: string | undefined
  readonly deviceTree: string | undefined
  /** config.txt's settings as they apply to this board. */
  readonly config: Readonly<Record<string, string>>
  readonly cmdline: Cmdline | undefined
  /** What did not stop the boot but would be missed, one line each. */
  readonly warnings: readonly string[]
  /** Why it went no further; undefined: the kernel would start. */
  readonly stopped: Stop | undefined
}

/** The report of a boot that came as far as this. */
export function makeReport(
  board: Board,
  recorder: BootRecorder,
  came: Partial<Handover> & { readonly stopped: Stop | undefined; readonly own?: OwnFiles },
): BootReport {
  const { own } = came
  return {
    ...board,
    events: recorder.events,
    address: recorder.offer?.address,
    tftpServer: recorder.offer?.tftpServer,
    offer: recorder.offer,
    servers: [...recorder.servers.values()],
    serialDir: own?.hasDirectory ? board.serial : undefined,
    files: Object.fromEntries(recorder.files),
    missing: own?.missing ?? [],
    kernel: came.kernel,
    image: came.image,
    loaded: came.loaded ?? new Map(),
    initramfs: came.initramfs,
    deviceTree: came.deviceTree,
    config: Object.fromEntries(came.config?.settings ?? []),
    cmdline: came.cmdline,
    warnings: own?.warnings ?? [],
    stopped: came.stopped,
  }
}
