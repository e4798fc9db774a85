import { UserError } from '../errors.ts'

/** How a board comes to boot from the network. */
export type Way =
  /** A fuse, blown once for good by a line in config.txt. */
  | { readonly kind: 'fuse' }
  /** A setting of the bootloader in its EEPROM, changed from the running Pi. */
  | { readonly kind: 'eeprom' }
  /** Only from a card with bootcode.bin, which stays in the Pi. */
  | { readonly kind: 'bootcode-card'; readonly why: string }
  | { readonly kind: 'nothing-to-do'; readonly why: string }
  | { readonly kind: 'never'; readonly why: string }

const noEthernet = 'it has no Ethernet, and its boot ROM cannot use Wi-Fi'

/** What `--model` takes. */
export const ways: Readonly<Record<string, Way>> = {
  '1b': { kind: 'bootcode-card', why: 'its boot ROM knows only the card' },
  '2b': { kind: 'bootcode-card', why: 'its boot ROM knows only the card (a 2B v1.2 has the fuse)' },
  '2b1.2': { kind: 'fuse' },
  '3b': { kind: 'fuse' },
  '3b+': { kind: 'nothing-to-do', why: 'its fuse is blown in the factory' },
  '4': { kind: 'eeprom' },
  '400': { kind: 'eeprom' },
  cm4: { kind: 'eeprom' },
  '5': { kind: 'eeprom' },
  '500': { kind: 'eeprom' },
  cm5: { kind: 'eeprom' },
  a: { kind: 'never', why: noEthernet },
  '3a+': { kind: 'never', why: noEthernet },
  zero: { kind: 'never', why: noEthernet },
  zero2: { kind: 'never', why: noEthernet },
  cm1: { kind: 'never', why: noEthernet },
  cm3: { kind: 'never', why: noEthernet },
  cm4s: { kind: 'never', why: noEthernet },
}

const names: Readonly<Record<string, string>> = {
  '1b': 'Pi 1B',
  '2b': 'Pi 2B',
  '2b1.2': 'Pi 2B v1.2',
  '3b': 'Pi 3B',
  '3b+': 'Pi 3B+',
  '3a+': 'Pi 3A+',
  a: 'Pi A',
  zero: 'Pi Zero',
  zero2: 'Pi Zero 2',
}

/** What people call a board, e.g. `Pi 3B` or `CM4`. */
export function boardName(board: string): string {
  return names[board] ?? (/^\d/.test(board) ? `Pi ${board}` : board.toUpperCase())
}

/** The type field of a revision code. */
const types: Readonly<Record<number, string>> = {
  0: 'a',
  1: '1b',
  2: 'a',
  3: '1b',
  4: '2b',
  6: 'cm1',
  8: '3b',
  9: 'zero',
  10: 'cm3',
  12: 'zero',
  13: '3b+',
  14: '3a+',
  16: 'cm3',
  17: '4',
  18: 'zero2',
  19: '400',
  20: 'cm4',
  21: 'cm4s',
  23: '5',
  24: 'cm5',
  25: '500',
  26: 'cm5',
}

/** What the codes of 2012 to 2014 number: all other ones are a 1B. */
const oldCodes: Readonly<Record<number, string>> = {
  7: 'a',
  8: 'a',
  9: 'a',
  17: 'cm1',
  18: 'a',
  20: 'cm1',
  21: 'a',
}
/** Above this a board of those years tells that it was overclocked, and its warranty is void. */
const oldCode = 0xffff

/** The board that a revision code (as /proc/cpuinfo shows it) belongs to; undefined for unknown ones. */
export function boardOf(revision: number): string | undefined {
  if ((revision & 0x80_0000) === 0) {
    const number = revision & oldCode
    return number >= 2 && number <= 21 ? (oldCodes[number] ?? '1b') : undefined
  }
  const board = types[(revision >> 4) & 0xff]
  // A 2B v1.2 carries the chip of the Pi 3.
  return board === '2b' && ((revision >> 12) & 0xf) === 2 ? '2b1.2' : board
}

/** The way of a board. Throws a `UserError` with the reason for one that never boots from the network. */
export function wayOf(board: string): Way {
  const way = ways[board]
  if (way === undefined) throw new UserError(`board ${board} is not known here`)
  if (way.kind === 'never')
    throw new UserError(`a ${boardName(board)} cannot boot from the network: ${way.why}`)
  return way
}
