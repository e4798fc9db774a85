import type { Model } from '../farm/schema.ts'

/** How a board model gives itself away when it boots from the network. */
interface NetbootModel {
  readonly name: string
  /** The MAC's last six digits are the serial's: so up to the Pi 3, not since the Pi 4. */
  readonly macFollowsSerial: boolean
}

export const netbootModels: Readonly<Record<Model, NetbootModel>> = {
  '3b': { name: 'Pi 3B', macFollowsSerial: true },
  '3b+': { name: 'Pi 3B+', macFollowsSerial: true },
  '4': { name: 'Pi 4', macFollowsSerial: false },
  '400': { name: 'Pi 400', macFollowsSerial: false },
  cm4: { name: 'CM4', macFollowsSerial: false },
  '5': { name: 'Pi 5', macFollowsSerial: false },
}

/** The first file in its own directory that a board asks for, and who does so. */
const firstFiles: readonly (readonly [RegExp, readonly Model[]])[] = [
  [/\/start4\w*\.elf$/, ['4', '400', 'cm4']],
  [/\/start\w*\.elf$/, ['3b', '3b+']],
  // The signed boot of those whose firmware is in an EEPROM.
  [/\/boot\.(?:img|sig)$/, ['4', '400', 'cm4', '5']],
  // A Pi 5 has no start*.elf: config.txt tells it that the directory is there.
  [/\/config\.txt$/, ['5']],
]

/** What a board may be that asks for this file first; empty: the file does not tell. */
export function modelsAsking(file: string): readonly Model[] {
  return firstFiles.find(([pattern]) => pattern.test(file))?.[1] ?? []
}
