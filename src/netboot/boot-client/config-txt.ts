import type { Serial } from '../../farm/schema.ts'
import { printable } from './printable.ts'

/** The boards that the boot client plays. */
export type PlayedModel = '3b' | '3b+'

/** What config.txt says to one board. */
export interface ConfigTxt {
  /** The last value of each `key=value` that applies. */
  readonly settings: ReadonlyMap<string, string>
  /** The file that an `initramfs` line names: the one line without an equals sign. */
  readonly initramfs: string | undefined
  /** Overlay names without their parameters, in order. */
  readonly overlays: readonly string[]
}

/** Over the network the firmware reads no further than this, in bytes. */
export const configTxtLimit = 4096
const longestLine = 98

const modelFilters: Readonly<Record<PlayedModel, readonly string[]>> = {
  '3b': ['pi3'],
  '3b+': ['pi3', 'pi3+'],
}

/** Reads config.txt as the firmware of this board does: filters, cut lines and all. */
export function readConfigTxt(
  bytes: Buffer,
  board: { readonly model: PlayedModel; readonly serial: Serial },
): ConfigTxt {
  const settings = new Map<string, string>()
  const filters = new Map<string, boolean>()
  let initramfs: string | undefined
  let overlays: string[] = []
  for (const line of configLines(bytes)) {
    const section = /^\[(.*)\]$/.exec(line)?.[1]
    if (section === 'all') filters.clear()
    else if (section !== undefined) filters.set(...filter(section.toLowerCase(), board))
    if (section !== undefined || [...filters.values()].includes(false)) continue
    const [, file] = /^initramfs\s+(\S+)/.exec(line) ?? []
    const [, key, value] = /^([^=\s]+)=(.*)$/.exec(line) ?? []
    initramfs = file ?? initramfs
    if (key === undefined || value === undefined) continue
    settings.set(key, value)
    // An empty `dtoverlay=` ends the one before; it loads nothing.
    const overlay = value.split(/[,:]/)[0]
    if (key === 'dtoverlay' && overlay) overlays = [...overlays, overlay]
  }
  return { settings, initramfs, overlays }
}

function configLines(bytes: Buffer): readonly string[] {
  return bytes
    .subarray(0, configTxtLimit)
    .toString('utf8')
    .split(/\r?\n/)
    .map((line) => printable(line.slice(0, longestLine)).trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}

/** Filters of one kind replace each other, those of different kinds must all hold. */
function filter(
  section: string,
  board: { readonly model: PlayedModel; readonly serial: Serial },
): [kind: string, holds: boolean] {
  if (/^(?:pi|cm)\d/.test(section)) return ['model', modelFilters[board.model].includes(section)]
  if (/^0x[0-9a-f]{1,8}$/.test(section)) {
    return ['serial', Number(section) === Number.parseInt(board.serial, 16)]
  }
  // [none], [EDID=...], [gpio4=1], [tryboot]: nothing is plugged in, so none of them holds.
  return [section.split('=')[0] ?? section, false]
}
