import { exitCodes, UserError } from '../errors.ts'
import type { Ui } from '../ui/ui.ts'
import { asksForFuse, withFuseLine, withoutFuseLine } from './boot-config.ts'
import { type BootPartition, fileLike } from './boot-partition.ts'

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
  const text = withFuseLine(before?.text ?? '')
  if (before !== undefined && text === before.text) return 'already so'
  if ((await partition.list()).includes('autoboot.txt'))
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
  await partition.write(config, text === '' ? undefined : { ...before, text })
  return 'changed'
}

/** Whether the line is in a boot partition's config.txt, where the firmware acts on it. */
export async function hasFuseLine(partition: BootPartition): Promise<boolean> {
  return asksForFuse((await partition.read(config))?.text ?? '')
}

/** Ends a run that the person did not want. */
export function declined(): UserError {
  return new UserError('declined: nothing was changed', { exitCode: exitCodes.declined })
}
