import { exitCodes, UserError } from '../errors.ts'
import type { Farm } from '../farm/farm.ts'
import { loadFarm } from '../farm/load.ts'
import type { Entry } from '../host/host.ts'
import type { ResourcePlan } from '../plan/change.ts'
import { nextRunId, type RunRecord } from '../plan/journal.ts'
import { refuseLacking } from '../plan/needs.ts'
import { type PastRun, pastRuns, runToUndo } from '../plan/past-runs.ts'
import { undoPlan } from '../plan/undo-plan.ts'
import type { Shared } from '../program.ts'
import { catalog } from '../resources/catalog.ts'
import type { UndoLook } from '../resources/resource.ts'
import type { Tools } from '../tools.ts'
import { runsAsJson, showRuns } from '../ui/show-runs.ts'
import { settle } from './change-farm.ts'
import { needRoot, readFarmHere, withCleanFarm, withFarm } from './session.ts'

interface UndoOptions extends Shared {
  readonly plan?: true
  readonly list?: true
  readonly json?: true
}

/** Takes back the last run that has not been taken back yet. */
export async function undo(tools: Tools, options: UndoOptions): Promise<number> {
  if (options.list) return await listRuns(tools, options)
  if (options.json)
    throw new UserError('undo has an answer in JSON only with --list', {
      hint: 'pifarm undo --list --json',
    })
  const session = options.plan ? withFarm : withCleanFarm
  return await session(tools, options.config, async ({ farm }) => {
    const { state } = farm.paths
    const record = await runToUndo(tools.nas, state)
    if (record === undefined) {
      tools.ui.say('there is no run to take back')
      return exitCodes.done
    }
    await refuseLacking(farm, tools.nas, catalog)
    tools.ui.say(`run ${record.id}, ${record.startedAt}: ${record.command}`)
    const runId = await nextRunId(tools.nas, state)
    const former = farmBefore(record, options.config)
    if (former === undefined && farm.pis.length > 0)
      tools.ui.warn(
        `${options.config} is not part of that run and stays: the next apply follows it again`,
      )
    const judged = await judge(record, { farm, nas: tools.nas, former })
    return await settle(
      tools,
      undoPlan(record, runId, judged),
      { state, runId, undoes: record.id },
      { planOnly: options.plan === true, question: 'Take this run back?' },
    )
  })
}

/** Shows what was done and what of it can still be taken back. Looks only, and takes no lock. */
async function listRuns(tools: Tools, options: UndoOptions): Promise<number> {
  const { nas, ui } = tools
  needRoot(tools, 'read the records of earlier runs')
  const { farm } = await readFarmHere(nas, options.config)
  const runs: PastRun[] = []
  for await (const run of pastRuns(nas, farm.paths.state)) runs.push(run)
  if (options.json) ui.answer(runsAsJson(runs))
  else if (runs.length === 0) ui.say('no run is recorded yet')
  else ui.answer(showRuns(runs, ui.columns))
  return exitCodes.done
}

/**
 * The farm in force again afterwards, by which is judged what must hold. Undefined where init is
 * undone, and where the run followed an edit by hand: then farm.yaml keeps saying more than is there.
 */
function farmBefore(record: RunRecord, config: string): Farm | undefined {
  for (const change of record.steps.flatMap(({ changes }) => changes))
    if (change.kind === 'put' && change.path === config)
      return change.before?.kind === 'file' ? loadFarm(change.before.text, config) : undefined
  return undefined
}

/** What each resource wants to hold before its part of the run is taken back, and afterwards. */
async function judge(
  { steps }: RunRecord,
  look: Pick<UndoLook, 'farm' | 'nas' | 'former'>,
): Promise<ReadonlyMap<string, Partial<ResourcePlan>>> {
  const recorded = new Map<string, Entry | undefined>()
  for (const change of steps.flatMap(({ changes }) => changes))
    if (change.kind === 'put') recorded.set(change.path, change.before)
  const becomes = async (path: string) =>
    recorded.has(path) ? recorded.get(path) : await look.nas.read(path)

  const judged = new Map<string, Partial<ResourcePlan>>()
  for (const { resource: name, changes, reloads } of steps) {
    const resource = catalog.find((one) => one.name === name)
    if (resource === undefined || changes.length + reloads.length === 0) continue
    const before = await resource.beforeUndo?.({ ...look, changes, becomes })
    const probes = look.former && reloads.length > 0 ? resource.probes(look.former) : []
    judged.set(name, { ...before, probes })
  }
  return judged
}
