import type { Model } from '../farm/schema.ts'

/** How a board model gives itself away when it boots from the network. */
export interface NetbootModel {
  /** The first file in its own directory that it asks for: `<serial>/<firstFile>`. */
  readonly firstFile: string
  /** The MAC's last six digits are the serial's: so up to the Pi 3, not since the Pi 4. */
  readonly macFollowsSerial: boolean
}

export const netbootModels: Readonly<Record<Model, NetbootModel>> = {
  '3b': { firstFile: 'start.elf', macFollowsSerial: true },
  '3b+': { firstFile: 'start.elf', macFollowsSerial: true },
  '4': { firstFile: 'start4.elf', macFollowsSerial: false },
  '400': { firstFile: 'start4.elf', macFollowsSerial: false },
  cm4: { firstFile: 'start4.elf', macFollowsSerial: false },
  // A Pi 5 has no start*.elf: its firmware is in the EEPROM, and config.txt tells it the directory is there.
  '5': { firstFile: 'config.txt', macFollowsSerial: false },
}
