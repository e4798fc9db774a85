import { quoted, UserError } from '../../errors.ts'
import type { Disk } from '../../sd-card/disks.ts'
import { cardsAmong, describeDisk, namedDisk, readDisks } from '../../sd-card/disks.ts'
import type { Tools } from '../../tools.ts'

/** The card that is named, or the one chosen among those that are plugged in. */
export async function pickCard(tools: Tools, device: string | undefined): Promise<Disk> {
  if (!tools.isRoot)
    throw new UserError('only root can change a card', { hint: `run it as: sudo ${tools.command}` })
  const disks = await readDisks(tools.nas)
  if (device !== undefined) {
    if (!device.startsWith('/dev/'))
      throw new UserError(`--device ${quoted(device)} is no device such as /dev/sdb`)
    // Such as /dev/disk/by-id/usb-...: the names that stay the same from one time to the next.
    const { code, stdout } = await tools.nas.ask(['readlink', '-e', '--', device])
    return namedDisk(disks, code === 0 ? stdout.replace(/\n$/, '') : device)
  }
  const cards = cardsAmong(disks)
  if (cards.length === 0)
    throw new UserError('no card is plugged in', {
      hint: 'a card shows up when it has a FAT on it and this machine does not use it; else --device, --boot-dir or --image',
    })
  const path = await tools.ui.choose(
    'Which card?',
    cards.map((card) => ({ value: card.path, label: describeDisk(card) })),
  )
  return namedDisk(disks, path)
}
