import type { Model, Serial } from '../../farm/schema.ts'
import { ConfigFilters, type FilteredBoard } from './config-filters.ts'
import { printable } from './printable.ts'

/** What config.txt says to one board. */
export interface ConfigTxt {
  /** The last value of each `key=value` that applies. */
  readonly settings: ReadonlyMap<string, string>
  /** The file that an `initramfs` line names: the one line without an equals sign. */
  readonly initramfs: string | undefined
  /** Overlay names without their parameters, in order. */
  readonly overlays: readonly string[]
  /** The files that it includes, as far as they are known. */
  readonly includes: readonly string[]
}

export const noConfig: ConfigTxt = {
  settings: new Map(),
  initramfs: undefined,
  overlays: [],
  includes: [],
}

/** Over the network the firmware reads no further than this, in bytes. */
export const configTxtLimit = 4096
const longestLine = 98

const boards: Readonly<Record<Model, Omit<FilteredBoard, 'serial'>>> = {
  '3b': { models: ['pi3'], boardType: 0x08 },
  '3b+': { models: ['pi3', 'pi3+'], boardType: 0x0d },
  '4': { models: ['pi4'], boardType: 0x11 },
  '400': { models: ['pi4', 'pi400'], boardType: 0x13 },
  cm4: { models: ['pi4', 'cm4'], boardType: 0x14 },
  '5': { models: ['pi5'], boardType: 0x17 },
}
/** A file that includes itself, and more than once, must not be followed for ever. */
const mostIncluded = 32

/**
 * Reads config.txt as the firmware of this board does: filters, cut lines and all. `included`: what
 * is known of the files that it includes.
 */
export function readConfigTxt(
  bytes: Buffer,
  board: { readonly model: Model; readonly serial: Serial },
  included: ReadonlyMap<string, Buffer> = new Map(),
): ConfigTxt {
  const settings = new Map<string, string>()
  const filters = new ConfigFilters({
    ...boards[board.model],
    serial: Number.parseInt(board.serial, 16),
  })
  const includes: string[] = []
  let followed = 0
  let initramfs: string | undefined
  let overlays: string[] = []
  read(bytes)
  return { settings, initramfs, overlays, includes }

  function read(file: Buffer): void {
    for (const line of configLines(file)) {
      if (!filters.take(line) && filters.hold) readLine(line)
    }
  }

  function readLine(line: string): void {
    const [, other] = /^include\s+(\S+)/.exec(line) ?? []
    const [, file] = /^initramfs\s+(\S+)/.exec(line) ?? []
    const [, key, value] = /^([^=\s]+)=(.*)$/.exec(line) ?? []
    initramfs = file ?? initramfs
    if (other !== undefined && followed < mostIncluded) {
      followed += 1
      includes.push(other)
      read(included.get(other) ?? Buffer.alloc(0))
    }
    if (key === undefined || value === undefined) return
    settings.set(key, value)
    // An empty `dtoverlay=` ends the one before; it loads nothing.
    const overlay = value.split(/[,:]/)[0]
    if (key === 'dtoverlay' && overlay) overlays = [...overlays, overlay]
  }
}

function configLines(bytes: Buffer): readonly string[] {
  return bytes
    .subarray(0, configTxtLimit)
    .toString('utf8')
    .split(/\r?\n/)
    .map((line) => printable(line.slice(0, longestLine)).trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
