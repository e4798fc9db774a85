import { resolve } from 'node:path'
import { agentProgram } from '../../agent-program.ts'
import { exitCodes, UserError } from '../../errors.ts'
import { type Farm, templateBoot } from '../../farm/farm.ts'
import { templateName } from '../../farm/schema.ts'
import type { Shared } from '../../program.ts'
import { buildTemplate } from '../../root-template/build.ts'
import { withEmulation } from '../../root-template/emulation.ts'
import type { Manifest } from '../../root-template/manifest.ts'
import { allSteps } from '../../root-template/steps/all.ts'
import type { Tools } from '../../tools.ts'
import { version } from '../../version.ts'
import { changeFarm } from '../change-farm.ts'
import { flag } from '../pi-options.ts'
import { type LoadedFarm, withFarm } from '../session.ts'
import { warnForeign } from '../warn-foreign.ts'
import { type SourceOptions, sourceOf } from './source.ts'
import { readWishes, type WishOptions } from './wishes.ts'

interface BuildOptions extends SourceOptions, WishOptions, Shared {
  /** Left out: the farm's default template. */
  readonly name?: string
  readonly hookDir?: string
  readonly json?: true
}

/** Builds a template, and lays its boot files where the Pis that use it look for them. */
export async function build(tools: Tools, options: BuildOptions): Promise<number> {
  const work = async (loaded: LoadedFarm) => {
    const { farm } = loaded
    const name = flag('NAME', templateName, options.name) ?? farm.defaults.template
    await refuseStaleBootFiles(tools, farm, name)
    // Now, and not when everything else has been fetched.
    agentProgram()
    const wishes = await readWishes(tools, farm, name, options)
    const manifest = await withEmulation(tools.nas, tools.ui.say, (emulation) =>
      buildTemplate(tools, farm, {
        source: sourceOf(tools, farm, options, { wishes, emulation }),
        wishes,
        steps: allSteps,
        emulation,
        hookDir: options.hookDir === undefined ? undefined : resolve(options.hookDir),
        caller: tools.env?.SUDO_UID,
        builder: `pifarm ${version()}`,
      }),
    )
    report(tools, manifest)
    if (options.json) tools.ui.answer(JSON.stringify(manifest, null, 2))
    return await layBootFiles(tools, loaded, name)
  }
  // It cleans up later itself: a bootstrap first takes what its last one has fetched out of what is left.
  return await withFarm(tools, options.config, work)
}

/**
 * The boot files of the template of that name, though it may be gone, are what its Pis load; the
 * modules in their roots would not be the new kernel's.
 */
async function refuseStaleBootFiles({ nas }: Tools, farm: Farm, name: string): Promise<void> {
  const users = farm.pis.filter(({ template }) => template === name).map((pi) => pi.name)
  const isNeeded = users.length > 0 || (name === farm.defaults.template && farm.pis.length > 0)
  if (!isNeeded || (await nas.read(templateBoot(farm, name))) === undefined) return
  const hint = 'build under another name; new Pis get it by: pifarm add-pi --template'
  if (users.length > 0)
    throw new UserError(
      `${name} is the template of ${users.join(', ')}: they boot from its boot files`,
      { hint },
    )
  throw new UserError(`${name} is the default template, whose bootcode.bin every Pi loads`, {
    hint,
  })
}

function report({ ui }: Tools, manifest: Manifest): void {
  for (const { title, changes } of manifest.steps) {
    ui.say(`${title}:`)
    for (const change of changes) ui.say(`  ${change}`)
  }
  for (const note of manifest.source.notes) ui.say(`note: ${note}`)
  for (const problem of manifest.remaining) ui.warn(problem)
  const { name, release, architecture, kernels } = manifest
  ui.say(`built ${name}: ${release}, ${architecture}, kernel ${kernels.join(' ') || 'none'}`)
  warnForeign(ui, name, architecture)
}

async function layBootFiles(tools: Tools, loaded: LoadedFarm, name: string): Promise<number> {
  const { farm, source } = loaded
  const isUsed = farm.pis.some(({ template }) => template === name)
  if (!isUsed && farm.defaults.template !== name) {
    tools.ui.say(`use it for a new Pi: pifarm add-pi --template ${name} --mac ...`)
    return exitCodes.done
  }
  tools.ui.say(
    `${name} is ${isUsed ? 'in use' : 'the default'}: its boot files go to the TFTP server`,
  )
  return (await changeFarm(tools, loaded, source)).code
}
