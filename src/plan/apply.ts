import type { Host } from '../host/host.ts'
import type { Plan } from './change.ts'
import { flushRun } from './flush.ts'
import { type ApplyTools, jobsOf, runJob, startChecks } from './jobs.ts'
import { close, makeRecord, open, type RunRecord } from './journal.ts'
import { purge } from './purge.ts'
import { endPutBack, putBack } from './put-back.ts'
import { refuseChanged } from './state.ts'

export type Applied =
  /** Done for good. `unfinished`: what could not be deleted; the next run tries again. */
  | { readonly kind: 'applied'; readonly run: string; readonly unfinished: string | undefined }
  /** It failed, and the NAS is as it was. */
  | { readonly kind: 'put-back'; readonly cause: unknown }
  /** It failed, the files are as they were, and these reloads wait until a person mends another. */
  | { readonly kind: 'waiting'; readonly cause: unknown; readonly waiting: readonly string[] }
  /** It failed, and these things need a person. */
  | { readonly kind: 'stuck'; readonly cause: unknown; readonly leftovers: readonly string[] }

export interface Run {
  readonly id: string
  readonly command: string
  readonly startedAt: string
  readonly undoes?: string
  /** The state directory: journal and lock. */
  readonly state: string
}

/**
 * Carries out a plan. The caller holds the lock. Order: re-check `before` → journal → checks →
 * changes → reloads → probes → record. Where a check refuses, nothing has changed and its error is
 * thrown; a failure or an abort after that puts everything back.
 */
export async function apply(plan: Plan, run: Run, tools: ApplyTools): Promise<Applied> {
  const { nas } = tools
  try {
    await recheck(plan, nas)
    const record = makeRecord(plan, run)
    await open(nas, run.state, record)
    const failure = await attempt(plan, record, tools)
    if (failure !== undefined) return await backOut(record, run, nas, failure)
    await close(nas, run.state, record)
    return { kind: 'applied', run: run.id, unfinished: await purge(nas, run.state, record) }
  } finally {
    await tools.display.end()
  }
}

interface Failure {
  readonly cause: unknown
  readonly duringChecks: boolean
}

async function attempt(
  plan: Plan,
  record: RunRecord,
  tools: ApplyTools,
): Promise<Failure | undefined> {
  let duringChecks = true
  const jobs = jobsOf(plan)
  const verdicts = startChecks(jobs, tools.nas)
  try {
    for (const job of jobs) {
      duringChecks &&= job.kind === 'check'
      await runJob(job, tools, verdicts)
    }
    await flushRun(record, tools.nas)
    tools.signal.throwIfAborted()
    return undefined
  } catch (cause) {
    // What is staged for the others is read until they have ended.
    await Promise.allSettled(verdicts.values())
    return { cause, duringChecks }
  }
}

async function recheck(plan: Plan, nas: Host): Promise<void> {
  for (const { changes } of plan.steps)
    for (const change of changes) await refuseChanged(change, nas)
}

async function backOut(
  record: RunRecord,
  run: Run,
  nas: Host,
  { cause, duringChecks }: Failure,
): Promise<Applied> {
  const found = await putBack(record, nas)
  const { leftovers, waiting } = found
  await endPutBack(nas, run.state, record, found)
  if (leftovers.length > 0) return { kind: 'stuck', cause, leftovers: [...leftovers, ...waiting] }
  if (waiting.length > 0) return { kind: 'waiting', cause, waiting }
  if (duringChecks) throw cause
  return { kind: 'put-back', cause }
}
