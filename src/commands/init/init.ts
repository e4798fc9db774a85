import { dirname } from 'node:path'
import { exitCodes, UserError } from '../../errors.ts'
import type { Farm } from '../../farm/farm.ts'
import type { Change, Plan } from '../../plan/change.ts'
import { nextRunId } from '../../plan/journal.ts'
import { makePlan } from '../../plan/make-plan.ts'
import { catalog } from '../../resources/catalog.ts'
import { dirShouldBe } from '../../resources/dir-should-be.ts'
import type { Tools } from '../../tools.ts'
import { changeFarm, settle } from '../change-farm.ts'
import {
  type LoadedFarm,
  needRoot,
  putBackCutOff,
  readFarmHere,
  withCleanFarm,
  withLock,
} from '../session.ts'
import { warnOfBoot } from './at-boot.ts'
import { farmText, type InitOptions, loadDraft } from './first-farm.ts'

/** Makes this machine a farm NAS: asks, writes farm.yaml, and lays the base of every resource. */
export async function init(tools: Tools, options: InitOptions): Promise<number> {
  const { nas, ui } = tools
  needRoot(tools, 'change the NAS')
  const isThere = async () => (await nas.read(options.config)) !== undefined
  // A killed init left it half done: then farm.yaml goes again with the rest.
  if (await isThere()) await putBackCutOff(tools, options.config)
  if (await isThere())
    return await withCleanFarm(tools, options.config, (loaded) => applyAgain(tools, loaded))
  const text = await farmText(tools, options)
  const farm = await loadDraft(nas, text, options.config)
  return await withLock(tools, farm.paths.state, async () => {
    // A killed undo of an init has been put back just now, and its farm.yaml with it.
    if (await isThere()) return await applyAgain(tools, await readFarmHere(nas, options.config))
    const runId = await nextRunId(nas, farm.paths.state)
    const edits = await firstEdits(tools, options.config, text)
    const plan = await makePlan(farm, nas, { resources: catalog, fresh: tools.fresh, runId, edits })
    refuseOtherFarm(plan, farm)
    const code = await settle(
      tools,
      plan,
      { state: farm.paths.state, runId },
      { question: 'Make this NAS a farm?' },
    )
    if (code !== exitCodes.done) return code
    await warnOfBoot(tools, farm)
    ui.say('next: pifarm template build, then pifarm add-pi --mac b8:27:eb:xx:xx:xx')
    return code
  })
}

/** A farm whose farm.yaml was moved, or is another one: to begin anew would take its Pis out. */
function refuseOtherFarm({ steps }: Plan, { paths }: Farm): void {
  for (const change of steps.flatMap(({ changes }) => changes))
    if (change.kind === 'move-tree')
      throw new UserError(`this NAS has a farm already: ${change.from} is the root of a Pi of it`, {
        hint: `name its farm.yaml with --config; a lost one stands in the newest records of ${paths.state}/runs`,
      })
}

async function applyAgain(tools: Tools, loaded: LoadedFarm): Promise<number> {
  tools.ui.say(
    `${loaded.source.file} is there already: applying it as it stands, whatever the flags say`,
  )
  const { code } = await changeFarm(tools, loaded, loaded.source)
  return code
}

async function firstEdits(tools: Tools, config: string, text: string): Promise<Change[]> {
  const file: Change = {
    kind: 'put',
    path: config,
    before: undefined,
    after: { kind: 'file', text, encoding: 'utf8', mode: 0o644, uid: 0, gid: 0 },
    why: 'what is wanted',
  }
  return [...(await dirShouldBe(tools.nas, dirname(config), 0o755, 'holds the farm')), file]
}
