import { dirname } from 'node:path'
import { exitCodes, quoted, UserError } from '../../errors.ts'
import { path } from '../../farm/schema.ts'
import {
  makeBootcodeImage,
  putBootcode,
  readBootcode,
  writeImage,
} from '../../sd-card/bootcode-card.ts'
import { describeDisk } from '../../sd-card/disks.ts'
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
  if (options.bootDir !== undefined) {
    await putBootcode(nas, options.bootDir, loader)
    return tell(tools, options.bootDir)
  }
  return await withWorkDir(nas, async (dir) => {
    if (options.image !== undefined) {
      if ((await nas.read(options.image)) !== undefined)
        throw new UserError(`${quoted(options.image)} is there already`, {
          hint: 'name a file that is to be made',
        })
      if ((await nas.list(dirname(options.image))) === undefined)
        throw new UserError(`there is no directory for ${quoted(options.image)}`)
      await makeBootcodeImage(nas, options.image, loader, dir)
      return tell(tools, options.image)
    }
    const card = await pickCard(tools, options.device)
    if ([card, ...(card.children ?? [])].some((part) => part.mountpoints.some(Boolean)))
      throw new UserError(`${card.path} is mounted`, { hint: 'unmount it first' })
    const question = `Everything on ${describeDisk(card)} is lost. Write it anew?`
    if (!(await ui.confirm(question))) throw declined()
    await makeBootcodeImage(nas, `${dir}/card.img`, loader, dir)
    await writeImage(nas, `${dir}/card.img`, card.path)
    return tell(tools, card.path)
  })
}

function tell({ ui }: Tools, where: string): number {
  ui.say(`${where} holds bootcode.bin and nothing else; the card stays in the Pi`)
  return exitCodes.done
}
