import { exitCodes, quoted, UserError } from '../../errors.ts'
import { type Farm, templateRoot } from '../../farm/farm.ts'
import { templateName } from '../../farm/schema.ts'
import { type Host, unfinishedOf } from '../../host/host.ts'
import type { Shared } from '../../program.ts'
import { templateNames } from '../../resources/find-template.ts'
import { refuseMountPoint, refuseMountsBelow } from '../../resources/rootfs/mounts-below.ts'
import { refuseLeft, removeUnfinished } from '../../root-template/leftovers.ts'
import type { Tools } from '../../tools.ts'
import { changeFarm } from '../change-farm.ts'
import { flag } from '../pi-options.ts'
import { withCleanFarm } from '../session.ts'

interface RemoveOptions extends Shared {
  readonly name: string
}

/** Deletes a template that no Pi uses, for good, and takes out its boot files, which undo brings back. */
export async function remove(tools: Tools, options: RemoveOptions): Promise<number> {
  const { nas, ui } = tools
  const name = flag('NAME', templateName, options.name) ?? ''
  return await withCleanFarm(tools, options.config, async (loaded) => {
    const { farm, source } = loaded
    await refuseUsed(tools, farm, name)
    const root = templateRoot(farm, name)
    await refuseMountPoint(nas, root)
    await refuseMountsBelow(nas, [root])
    await refuseLeft(nas, farm, name)
    if (!(await ui.confirm(`Delete ${root} for good? This cannot be taken back.`)))
      throw new UserError('declined: nothing was changed', { exitCode: exitCodes.declined })
    // First what can still fail, and is put back then.
    const { code } = await changeFarm(tools, loaded, source, { goingTemplate: name })
    if (code !== exitCodes.done) return code
    const failure = await deleteTemplate(nas, farm, name)
    if (failure === undefined) {
      ui.say(`deleted ${root} for good: no undo brings it back`)
      return exitCodes.done
    }
    ui.warn(failure)
    return exitCodes.needsHands
  })
}

/**
 * Under its name it is there whole or not at all, also after a crash: the next command that changes
 * the farm deletes the rest. Answers what went wrong: the farm is without its boot files by then.
 */
async function deleteTemplate(nas: Host, farm: Farm, name: string): Promise<string | undefined> {
  const root = templateRoot(farm, name)
  const going = unfinishedOf(root)
  try {
    await nas.moveTree(root, going)
  } catch (error) {
    return `cannot delete ${root}: ${error instanceof Error ? error.message : String(error)}`
  }
  return await removeUnfinished(nas, farm, name, going)
}

async function refuseUsed({ nas }: Tools, farm: Farm, name: string): Promise<void> {
  if (!(await templateNames(farm, nas)).includes(name))
    throw new UserError(`there is no template ${quoted(name)} in ${farm.paths.roots}`, {
      hint: 'see them with: pifarm template list',
    })
  const users = farm.pis.filter(({ template }) => template === name).map((pi) => pi.name)
  if (users.length > 0)
    throw new UserError(`${name} is the template of ${users.join(', ')}`, {
      hint: 'they boot from its boot files: take them out first with `pifarm remove-pi`',
    })
  if (name === farm.defaults.template && farm.pis.length > 0)
    throw new UserError(`${name} is the default template, whose bootcode.bin every Pi loads`, {
      hint: 'make another one the default first: defaults.template in farm.yaml',
    })
}
