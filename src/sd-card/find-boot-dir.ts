import { join } from 'node:path'
import { quoted, UserError } from '../errors.ts'
import type { Reader } from '../host/host.ts'

/** Up to bullseye the firmware reads /boot, since bookworm /boot/firmware. */
const places = ['boot/firmware', 'firmware', 'boot', '.'] as const

/**
 * The directory that the firmware reads: `dir` itself, where that is a mounted boot partition, or
 * the one inside it, where it is /boot or the top of a root filesystem.
 */
export async function findBootDir(reader: Reader, dir: string): Promise<string> {
  let movedAway = false
  for (const place of places) {
    if (await isBehindLink(reader, dir, place)) continue
    const found = join(dir, place)
    const names = await reader.list(found)
    const config = names && (await reader.read(join(found, 'config.txt')))
    // Bookworm leaves a text behind in /boot that only says where the file has gone.
    if (config?.kind === 'file' && config.text.includes('has moved to /boot/firmware'))
      movedAway = true
    else if (config?.kind === 'file' || [...(names?.keys() ?? [])].some(isFirmware)) return found
  }
  if (movedAway)
    throw new UserError(`${quoted(dir)} is a root filesystem without its boot partition`, {
      hint: 'the boot partition is the FAT one: name where that is mounted',
    })
  throw new UserError(`no boot files of a Raspberry Pi in ${quoted(dir)}`, {
    hint: 'name the directory that holds config.txt, or the card itself with --device',
  })
}

/** On a card's root filesystem `/boot -> /boot` leads out of it, and to the boot files of this machine. */
async function isBehindLink(reader: Reader, dir: string, place: string): Promise<boolean> {
  const parts = place === '.' ? [] : place.split('/')
  for (const [index] of parts.entries()) {
    const entry = await reader.read(join(dir, ...parts.slice(0, index + 1)))
    if (entry?.kind === 'link') return true
  }
  return false
}

/** A file that only a boot partition has; FAT may show names in capitals. */
export function isFirmware(name: string): boolean {
  return isBootcode(name) || /^start.*\.elf$/i.test(name)
}

/** The loader, which alone on a card lets a Pi boot from the network. */
export function isBootcode(name: string): boolean {
  return /^bootcode\.bin$/i.test(name)
}
