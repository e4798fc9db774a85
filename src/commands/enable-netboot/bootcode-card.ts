import { dirname } from 'node:path'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import { path } from '../../farm/schema.ts'
import type { FileEntry, Reader } from '../../host/host.ts'
import { alone } from '../../sd-card/alone.ts'
import {
  makeBootcodeImage,
  putBootcode,
  readBootcode,
  writeImage,
} from '../../sd-card/bootcode-card.ts'
import { type Disk, describeDisk } from '../../sd-card/disks.ts'
import { declined } from '../../sd-card/fuse.ts'
import { withWorkDir } from '../../sd-card/open-card.ts'
import type { Tools } from '../../tools.ts'
import type { EnableOptions } from '../enable-netboot-sd.ts'
import { flag } from '../pi-options.ts'
import { readFarm } from '../session.ts'
import { pickCard } from './pick-card.ts'

/**
 * A card with only bootcode.bin, which stays in the Pi: what Raspberry Pi itself advises against the
 * faults of the 3B's boot ROM, and the only way for older boards.
 */
export async function bootcodeCard(tools: Tools, options: EnableOptions): Promise<number> {
  const { nas, ui } = tools
  const source = flag('--bootcode', path, options.bootcode)
  const tftp = async () => (await readFarm(nas, options.config)).farm.paths.tftp
  const loader = await readBootcode(nas, source ?? `${await tftp()}/bootcode.bin`)
  const where = await putLoader(tools, options, loader)
  ui.say(
    `${where} holds bootcode.bin and nothing else; the card stays in the Pi: pifarm find-serial`,
  )
  if (options.json) ui.answer(JSON.stringify({ where, bootcodeOnly: true, changed: true }))
  return exitCodes.done
}

/** Answers what holds it now. */
async function putLoader(
  tools: Tools,
  { bootDir, image, device }: EnableOptions,
  loader: FileEntry,
): Promise<string> {
  const { nas, ui } = tools
  if (bootDir !== undefined) {
    await mustBeDirectory(nas, bootDir)
    await alone(nas, bootDir, () => putBootcode(nas, bootDir, loader))
    return bootDir
  }
  return await withWorkDir(nas, async (dir) => {
    if (image !== undefined) {
      await mustBeDirectory(nas, dirname(image))
      await alone(nas, dirname(image), async () => {
        if ((await nas.read(image)) !== undefined)
          throw new UserError(`${quoted(image)} is there already`, {
            hint: 'name a file that is to be made',
          })
        await makeBootcodeImage(nas, image, loader, dir)
      })
      return image
    }
    const card = await unmountedCard(tools, device)
    await alone(nas, card, async () => {
      const about = describeDisk(card)
      if (!(await ui.confirm(`Everything on ${about} is lost. Write it anew?`))) throw declined()
      // A person may take long to answer, and put another card in meanwhile.
      if (describeDisk(await unmountedCard(tools, card.path)) !== about)
        throw new UserError(`${card.path} is not the card that you were asked about any more`, {
          hint: 'run the command again; nothing was changed',
        })
      await makeBootcodeImage(nas, `${dir}/card.img`, loader, dir)
      await writeImage(nas, `${dir}/card.img`, card.path)
    })
    return card.path
  })
}

async function unmountedCard(tools: Tools, device: string | undefined): Promise<Disk> {
  const card = await pickCard(tools, device)
  if ([card, ...(card.children ?? [])].some((part) => part.mountpoints.some(Boolean)))
    throw new UserError(`${card.path} is mounted`, { hint: 'unmount it first' })
  return card
}

async function mustBeDirectory(nas: Reader, dir: string): Promise<void> {
  if ((await nas.list(dir)) === undefined)
    throw new UserError(`there is no directory ${quoted(dir)}`)
}
