import { exitCodes, UserError } from '../errors.ts'
import type { Ui } from '../ui/ui.ts'
import { asksForFuse, withFuseLine, withoutFuseLine } from './boot-config.ts'
import { type BootPartition, fileLike } from './boot-partition.ts'
import { isBootcode, isFirmware } from './find-boot-dir.ts'

const config = 'config.txt'

/** What a person must know before a card or a Pi gets the line. */
export const warnings = {
  fuse: 'The fuse is permanent: a board that has once booted with program_usb_boot_mode=1 looks for USB and network boot for ever.',
  card: 'Every Pi 2B v1.2, 3B, 3A+ and CM3 that this card is put into gets it. A 3B+ has it already; a Pi 4 or later takes no notice.',
} as const

/** What became of the boot partition. */
export type Outcome = 'changed' | 'already so' | 'declined'

/** Puts the line that blows the fuse into config.txt, once, after the warnings and a question. */
export async function putFuseLine(
  partition: BootPartition,
  ui: Ui,
  told: readonly string[],
): Promise<Outcome> {
  const before = await partition.read(config)
  const names = await partition.list()
  if (before === undefined) mustBoot(names, partition.where)
  const text = withFuseLine(before?.text)
  if (text === before?.text) return 'already so'
  if (names.includes('autoboot.txt'))
    ui.warn('autoboot.txt may send the firmware to the config.txt of another partition')
  for (const warning of told) ui.say(warning)
  if (!(await ui.confirm(`Put the line into config.txt of ${partition.where}?`))) return 'declined'
  await partition.write(config, fileLike(before, text))
  return 'changed'
}

/** Takes every line that sets the fuse out of config.txt again. */
export async function removeFuseLine(partition: BootPartition): Promise<Outcome> {
  const before = await partition.read(config)
  if (before === undefined) return 'already so'
  const text = withoutFuseLine(before.text)
  if (text === before.text) return 'already so'
  // A file that was not there before the line is not there after it.
  await partition.write(config, text === undefined ? undefined : { ...before, text })
  return 'changed'
}

/** Throws a `UserError` where no firmware would read a config.txt beside these files. */
function mustBoot(names: readonly string[], where: string): void {
  const firmware = names.filter(isFirmware)
  if (firmware.some((name) => !isBootcode(name))) return
  if (firmware.length > 0)
    throw new UserError(`${where} holds only bootcode.bin, which blows no fuse`, {
      hint: 'a Pi boots from the network with this card in it; for the fuse take one with Raspberry Pi OS',
    })
  throw new UserError(`no boot files of a Raspberry Pi on ${where}`, {
    hint: 'it needs config.txt or start.elf: write Raspberry Pi OS to it first',
  })
}

/** Whether the line is in a boot partition's config.txt, where the firmware acts on it. */
export async function hasFuseLine(partition: BootPartition): Promise<boolean> {
  return asksForFuse((await partition.read(config))?.text ?? '')
}

/** Ends a run that the person did not want. */
export function declined(): UserError {
  return new UserError('declined: nothing was changed', { exitCode: exitCodes.declined })
}
