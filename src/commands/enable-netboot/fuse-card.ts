import { dirname } from 'node:path'
import { exitCodes } from '../../errors.ts'
import { alone } from '../../sd-card/alone.ts'
import { type BootPartition, bootDirectory } from '../../sd-card/boot-partition.ts'
import { declined, putFuseLine, removeFuseLine, warnings } from '../../sd-card/fuse.ts'
import { openImage, withCard, withRoot, withWorkDir } from '../../sd-card/open-card.ts'
import { removeReporter } from '../../sd-card/report-card.ts'
import type { Tools } from '../../tools.ts'
import type { EnableOptions } from '../enable-netboot-sd.ts'
import { pickCard } from './pick-card.ts'

const line = 'program_usb_boot_mode=1'

/** A card that blows the fuse of each board it is put into, or one that does so no longer. */
export async function fuseCard(tools: Tools, options: EnableOptions): Promise<number> {
  const done = await changeTarget(tools, options)
  if (options.json) tools.ui.answer(JSON.stringify(done))
  return exitCodes.done
}

/** What `--json` answers. */
interface Done {
  /** The card, the image or the directory. */
  readonly where: string
  /** Whether config.txt has the line now. */
  readonly line: boolean
  readonly changed: boolean
}

async function changeTarget(tools: Tools, options: EnableOptions): Promise<Done> {
  const { nas, ui } = tools
  const { bootDir, image } = options
  const work = (partition: BootPartition) => change(tools, options, partition)
  if (bootDir !== undefined) {
    const partition = await bootDirectory(nas, bootDir)
    return await alone(nas, partition.where, () => work(partition))
  }
  return await withWorkDir(nas, async (dir) => {
    if (image !== undefined) {
      const partition = await openImage(nas, image, dir)
      return await alone(nas, dirname(partition.where), () => work(partition))
    }
    const card = await pickCard(tools, options.device)
    return await alone(nas, card, async () => {
      const isReporterOff =
        options.remove === true &&
        (await withRoot(nas, card, dir, (top) => removeReporter(nas, top))) === true
      if (isReporterOff) ui.say(`the reporter was taken off ${card.path}`)
      const done = await withCard(nas, card, dir, work)
      return { ...done, changed: done.changed || isReporterOff }
    })
  })
}

async function change(
  { ui }: Tools,
  { remove }: EnableOptions,
  partition: BootPartition,
): Promise<Done> {
  const { where } = partition
  const outcome = remove
    ? await removeFuseLine(partition)
    : await putFuseLine(partition, ui, [warnings.fuse, warnings.card])
  if (outcome === 'declined') throw declined()
  if (outcome === 'already so')
    ui.say(
      `config.txt of ${where} ${remove ? 'has no' : 'already has'} ${line}; nothing was changed`,
    )
  else if (remove) ui.say(`${line} was taken out of config.txt of ${where}`)
  else {
    ui.say(`${line} is in config.txt of ${where}`)
    ui.say('start each Pi once with this card; then it boots without it: pifarm find-serial')
    ui.say('afterwards take the line out: the same command with --remove')
  }
  return { where, line: remove !== true, changed: outcome === 'changed' }
}
