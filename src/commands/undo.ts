import { exitCodes } from '../errors.ts'
import { type Farm, rootOf } from '../farm/farm.ts'
import { loadFarm } from '../farm/load.ts'
import type { Probe } from '../plan/change.ts'
import { nextRunId, type RunRecord } from '../plan/journal.ts'
import { runToUndo, undoPlan } from '../plan/undo-plan.ts'
import type { Shared } from '../program.ts'
import { catalog } from '../resources/catalog.ts'
import { refuseMounted } from '../resources/rootfs/in-use.ts'
import type { Tools } from '../tools.ts'
import { settle } from './change-farm.ts'
import { withFarm } from './session.ts'

interface UndoOptions extends Shared {
  readonly plan?: true
}

/** Takes back the last run that has not been taken back yet. */
export async function undo(tools: Tools, options: UndoOptions): Promise<number> {
  return await withFarm(tools, options.config, async ({ farm }) => {
    const { state } = farm.paths
    const record = await runToUndo(tools.nas, state)
    if (record === undefined) {
      tools.ui.say('there is no run to take back')
      return exitCodes.done
    }
    tools.ui.say(`run ${record.id}, ${record.startedAt}: ${record.command}`)
    await refuseMounted(farm, tools.nas, rootsMade(record, farm))
    const runId = await nextRunId(tools.nas, state)
    const former = farmBefore(record, options.config, farm)
    const probes = (resource: string): readonly Probe[] =>
      (former && catalog.find(({ name }) => name === resource)?.probes(former)) ?? []
    return await settle(
      tools,
      undoPlan(record, runId, probes),
      { state, runId, undoes: record.id },
      { planOnly: options.plan === true, question: 'Take this run back?' },
    )
  })
}

/** The farm in force again afterwards, by which is judged what must hold; none where init is undone. */
function farmBefore(record: RunRecord, config: string, farm: Farm): Farm | undefined {
  for (const change of record.steps.flatMap(({ changes }) => changes))
    if (change.kind === 'put' && change.path === config)
      return change.before?.kind === 'file' ? loadFarm(change.before.text, config) : undefined
  return farm
}

/** The Pis whose roots would go: none of them may be running from its root. */
function rootsMade(record: RunRecord, farm: Farm): string[] {
  const roots = new Map<string, string>(farm.pis.map((pi) => [rootOf(farm, pi), pi.name]))
  return record.steps.flatMap(({ changes }) =>
    changes.flatMap((change) => (change.kind === 'clone-tree' ? (roots.get(change.to) ?? []) : [])),
  )
}
