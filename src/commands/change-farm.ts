import { type ExitCode, exitCodes, UserError } from '../errors.ts'
import type { Farm } from '../farm/farm.ts'
import type { FarmText } from '../farm/farm-text.ts'
import { farmFrom } from '../farm/load.ts'
import { type Applied, apply } from '../plan/apply.ts'
import type { Plan, Put } from '../plan/change.ts'
import { outline } from '../plan/jobs.ts'
import { nextRunId, unfinishedRun } from '../plan/journal.ts'
import { isEmpty, makePlan } from '../plan/make-plan.ts'
import { catalog } from '../resources/catalog.ts'
import type { Tools } from '../tools.ts'
import { showPlan } from '../ui/show-plan.ts'
import type { LoadedFarm } from './session.ts'

export interface ChangeOptions {
  /** Removed Pis leave nothing behind. */
  readonly purge?: boolean
  /** The old name of a Pi by its new one. */
  readonly renamed?: ReadonlyMap<string, string>
  /** A template that the caller deletes once all went well. */
  readonly goingTemplate?: string
  /** Show what would be done and do nothing. */
  readonly planOnly?: boolean
  /** Asked after the whole plan was shown; left out: the command was the wish, and its steps are told. */
  readonly question?: string
}

export interface Changed {
  readonly code: number
  /** What farm.yaml says where all went well. */
  readonly farm: Farm
}

/**
 * Makes the NAS what the edited farm.yaml says; the edit is part of the run and put back with it.
 * The caller holds the lock.
 */
export async function changeFarm(
  tools: Tools,
  loaded: LoadedFarm,
  edited: FarmText,
  options: ChangeOptions = {},
): Promise<Changed> {
  const farm = edited === loaded.source ? loaded.farm : farmAfter(edited)
  const runId = await nextRunId(tools.nas, farm.paths.state)
  const plan = await makePlan(farm, tools.nas, {
    resources: catalog,
    fresh: tools.fresh,
    runId,
    purge: options.purge ?? false,
    renamed: options.renamed ?? new Map(),
    goingTemplate: options.goingTemplate,
    edits: editsOf(loaded, edited),
  })
  // It would be told that there is nothing to do.
  if (options.goingTemplate !== undefined && isEmpty(plan)) return { code: exitCodes.done, farm }
  const code = await settle(tools, plan, { state: farm.paths.state, runId }, options)
  return { code, farm }
}

/** The places in its messages are of a text that is written nowhere yet. */
function farmAfter(edited: FarmText): Farm {
  try {
    return farmFrom(edited)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    throw new UserError(error.message, {
      hint: `${edited.file} is as it was: correct the flag that says so`,
    })
  }
}

/** Shows a plan, asks where that is wanted, carries it out, and says how it ended. */
export async function settle(
  tools: Tools,
  plan: Plan,
  run: { readonly state: string; readonly runId: string; readonly undoes?: string },
  options: Pick<ChangeOptions, 'planOnly' | 'question' | 'goingTemplate'>,
): Promise<ExitCode> {
  const { nas, ui, signal } = tools
  if (options.planOnly) {
    ui.answer(showPlan(plan, ui.paint))
    return exitCodes.done
  }
  if (isEmpty(plan) || options.question !== undefined) ui.say(showPlan(plan, ui.paint))
  else for (const warning of plan.steps.flatMap(({ warnings }) => warnings)) ui.warn(warning)
  if (isEmpty(plan)) return exitCodes.done
  if (options.question !== undefined && !(await ui.confirm(options.question)))
    throw new UserError('declined: nothing was changed', { exitCode: exitCodes.declined })
  const display = ui.steps(outline(plan))
  const { undoes } = run
  const about = { id: run.runId, state: run.state, command: tools.command }
  const applied = await apply(
    plan,
    { ...about, startedAt: tools.now().toISOString(), ...(undoes === undefined ? {} : { undoes }) },
    { nas, signal, display },
  ).catch((cause) => journalFailed(cause, tools, run.state))
  if (applied.kind !== 'applied') return failedEnding(tools, applied)
  if (applied.unfinished !== undefined)
    ui.warn(`not all could be deleted, the next run tries again: ${applied.unfinished}`)
  const canBeUndone = undoes === undefined && plan.purge.length === 0
  const without = options.goingTemplate === undefined ? '' : ', without the template'
  ui.say(`done (run ${run.runId})${canBeUndone ? `; \`pifarm undo\` takes it back${without}` : ''}`)
  return exitCodes.done
}

/** Where not even the journal can be written, or a check's files: a full disk is no bug of ours. */
async function journalFailed(cause: unknown, { nas }: Tools, state: string): Promise<never> {
  if (!isSystemError(cause)) throw cause
  const isHalfDone = (await unfinishedRun(nas, state)) !== undefined
  throw new UserError(cause.message, {
    hint: isHalfDone ? 'mend that, and the next command puts back what is half done' : undefined,
    exitCode: isHalfDone ? exitCodes.needsHands : exitCodes.putBack,
    cause,
  })
}

function editsOf(loaded: LoadedFarm, edited: FarmText): Put[] {
  if (edited.text === loaded.source.text) return []
  return [
    {
      kind: 'put',
      path: loaded.source.file,
      before: loaded.entry,
      after: { ...loaded.entry, text: edited.text },
      why: 'what is wanted',
    },
  ]
}

function failedEnding(
  { ui, signal }: Tools,
  applied: Exclude<Applied, { kind: 'applied' }>,
): ExitCode {
  if (applied.kind === 'put-back') {
    if (signal.aborted) {
      ui.warn('interrupted: everything was put back')
      return exitCodes.interrupted
    }
    ui.warn(`failed: ${reason(applied.cause)}`)
    ui.say('everything was put back')
    return exitCodes.putBack
  }
  ui.warn(`failed: ${reason(applied.cause)}`)
  if (applied.kind === 'waiting') {
    ui.warn(`everything was put back, but is not yet in force:\n  ${applied.waiting.join('\n  ')}`)
    ui.say('mend that, then run `pifarm apply`: it does the rest first')
    return exitCodes.needsHands
  }
  ui.warn(`these could not be put back and need you:\n  ${applied.leftovers.join('\n  ')}`)
  return exitCodes.needsHands
}

/** A bug stays one: only what a user can mend ends as a line. */
function reason(cause: unknown): string {
  if (cause instanceof UserError || isSystemError(cause)) return cause.message
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
}

/** A full disk, a read-only filesystem: Node says in the message which, e.g. ENOSPC. */
function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && 'errno' in cause
}
