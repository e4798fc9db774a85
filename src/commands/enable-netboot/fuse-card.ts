import { exitCodes } from '../../errors.ts'
import { type BootPartition, bootDirectory } from '../../sd-card/boot-partition.ts'
import { putFuseLine, removeFuseLine, warnings } from '../../sd-card/fuse.ts'
import { openImage, withCard, withRoot, withWorkDir } from '../../sd-card/open-card.ts'
import { removeReporter } from '../../sd-card/report-card.ts'
import type { Tools } from '../../tools.ts'
import type { EnableOptions } from '../enable-netboot-sd.ts'
import { pickCard } from './pick-card.ts'

/** A card that blows the fuse of each board it is put into, or one that does so no longer. */
export async function fuseCard(tools: Tools, options: EnableOptions): Promise<number> {
  const { nas } = tools
  const { bootDir, image } = options
  const work = (partition: BootPartition) => change(tools, options, partition)
  if (bootDir !== undefined) return await work(await bootDirectory(nas, bootDir))
  return await withWorkDir(nas, async (dir) => {
    if (image !== undefined) return await work(await openImage(nas, image, dir))
    const card = await pickCard(tools, options.device)
    if (options.remove)
      await withRoot(nas, card, dir, async (top) => {
        if (await removeReporter(nas, top)) tools.ui.say(`the reporter was taken off ${card.path}`)
      })
    return await withCard(nas, card, dir, work)
  })
}

async function change(
  { ui }: Tools,
  { remove }: EnableOptions,
  partition: BootPartition,
): Promise<number> {
  const outcome = remove
    ? await removeFuseLine(partition)
    : await putFuseLine(partition, ui, [warnings.fuse, warnings.card])
  if (outcome === 'declined') return exitCodes.declined
  const line = 'program_usb_boot_mode=1'
  if (outcome === 'already so')
    ui.say(
      `config.txt of ${partition.where} ${remove ? 'has no' : 'already has'} ${line}; nothing was changed`,
    )
  else if (remove) ui.say(`${line} was taken out of config.txt of ${partition.where}`)
  else {
    ui.say(`${line} is in config.txt of ${partition.where}`)
    ui.say('start each Pi once with this card; then it boots without it')
    ui.say('afterwards take the line out: the same command with --remove')
  }
  return exitCodes.done
}
