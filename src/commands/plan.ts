import { exitCodes } from '../errors.ts'
import { nextRunId, unfinishedRun } from '../plan/journal.ts'
import type { Shared } from '../program.ts'
import type { Tools } from '../tools.ts'
import { needRoot, readFarmHere } from './session.ts'

interface PlanOptions extends Shared {
  readonly exitCode?: true
  readonly json?: true
}

/** Shows what apply would do. Looks only, and takes no lock. */
export async function plan(tools: Tools, options: PlanOptions): Promise<number> {
  const { nas, ui, fresh } = tools
  needRoot(tools, 'see all of the NAS')
  const { farm } = await readFarmHere(nas, options.config)
  // A mistake in farm.yaml is told before the rest is loaded.
  const [{ isEmpty, makePlan }, { catalog }, { planAsJson, showPlan }] = await Promise.all([
    import('../plan/make-plan.ts'),
    import('../resources/catalog.ts'),
    import('../ui/show-plan.ts'),
  ])
  const cutOff = await unfinishedRun(nas, farm.paths.state)
  if (cutOff !== undefined)
    ui.warn(
      `${cutOff.command} (run ${cutOff.id}) is at work or was cut off; apply puts it back first`,
    )
  const runId = await nextRunId(nas, farm.paths.state)
  const wanted = await makePlan(farm, nas, { resources: catalog, fresh, runId })
  ui.answer(options.json ? planAsJson(wanted) : showPlan(wanted, ui.paint))
  return options.exitCode && !isEmpty(wanted) ? exitCodes.changesPending : exitCodes.done
}
