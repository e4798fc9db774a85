import { setTimeout as sleep } from 'node:timers/promises'
import { exitCodes, UserError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import type { StepDisplay } from '../ui/ui.ts'
import { carryOut } from './carry-out.ts'
import type { Change, Check, Plan, Probe, Reload, Step } from './change.ts'
import { runChecks } from './check.ts'
import { refuseChanged } from './state.ts'

export interface ApplyTools {
  readonly nas: Host
  readonly signal: AbortSignal
  readonly display: StepDisplay
}

/** The titles of what `apply` does, in order: for the display it is handed. */
export function outline(plan: Plan): string[] {
  return jobsOf(plan).map((job) => job.title)
}

/** One line of the display: a piece of a plan, numbered in the order of carrying out. */
export type Job = { readonly index: number; readonly title: string } & (
  | { readonly kind: 'check'; readonly checks: readonly Check[] }
  | { readonly kind: 'changes'; readonly changes: readonly Change[] }
  | { readonly kind: 'reload'; readonly reload: Reload }
  | { readonly kind: 'probe'; readonly probe: Probe }
)

/** `dhcp  2 changes` */
export function titleOf({ resource, changes }: Pick<Step, 'resource' | 'changes'>): string {
  return `${resource}  ${changes.length === 1 ? '1 change' : `${changes.length} changes`}`
}

/** Checks of all resources, then changes, then reloads, then probes. */
export function jobsOf(plan: Plan): Job[] {
  const { steps } = plan
  const checked = steps.filter((step) => step.checks.length > 0)
  const changed = steps.filter((step) => step.changes.length > 0)
  return [
    ...checked.map(({ resource, checks }) => ({
      kind: 'check' as const,
      checks,
      title: `check ${resource}`,
    })),
    ...changed.map(({ resource, changes }) => ({
      kind: 'changes' as const,
      changes,
      title: titleOf({ resource, changes }),
    })),
    ...steps.flatMap(({ reloads }) =>
      reloads.map((reload) => ({ kind: 'reload' as const, reload, title: reload.why })),
    ),
    ...steps.flatMap(({ probes }) =>
      probes.map((probe) => ({ kind: 'probe' as const, probe, title: probe.why })),
    ),
  ].map((job, index) => ({ ...job, index }))
}

export type Verdicts = ReadonlyMap<Job, Promise<void>>

/** Asks all daemons at once: what each says is shown, and counts, when its job has its turn. */
export function startChecks(jobs: readonly Job[], nas: Host): Verdicts {
  const verdicts = new Map<Job, Promise<void>>()
  for (const job of jobs) {
    if (job.kind !== 'check') continue
    const verdict = runChecks(job.checks, nas)
    verdict.catch(() => undefined)
    verdicts.set(job, verdict)
  }
  return verdicts
}

/** Does one job and shows it. Throws what went wrong. */
export async function runJob(job: Job, tools: ApplyTools, verdicts: Verdicts): Promise<void> {
  const { display, signal } = tools
  signal.throwIfAborted()
  display.start(job.index)
  try {
    await doJob(job, tools, verdicts)
    display.done(job.index)
  } catch (error) {
    display.fail(job.index, error instanceof Error ? error.message : String(error))
    throw error
  }
}

async function doJob(
  job: Job,
  { nas, signal, display }: ApplyTools,
  verdicts: Verdicts,
): Promise<void> {
  switch (job.kind) {
    case 'check':
      return await verdicts.get(job)
    case 'changes':
      for (const change of job.changes) {
        signal.throwIfAborted()
        // Once more: a clone takes minutes, in which a person may have edited what comes after it.
        await refuseChanged(change, nas)
        const progress = (done: number) =>
          change.kind === 'clone-tree' && display.at(job.index, { done, total: change.bytes })
        await carryOut(change, nas, progress, signal)
      }
      return
    case 'reload':
      return await reload(job.reload, nas)
    case 'probe':
      return await probe(job.probe, nas, signal)
    default:
      return job satisfies never
  }
}

const probeInterval = 100

async function reload({ argv, mayFail, daemon }: Reload, nas: Host): Promise<void> {
  const output = await nas.run(argv)
  // Whether the daemon lives is for a probe to say: it knows what more to look for.
  if (output.code === 0 || mayFail || daemon) return
  throw failed(
    `${argv.join(' ')} failed: ${lastLine(output.stderr) || `exit status ${output.code}`}`,
  )
}

async function probe({ look, patience }: Probe, nas: Host, signal: AbortSignal): Promise<void> {
  for (let waited = 0; ; waited += probeInterval) {
    const wrong = await look(nas)
    if (wrong === undefined) return
    if (waited >= patience) throw failed(wrong)
    await sleep(probeInterval, undefined, { signal })
  }
}

function failed(message: string): UserError {
  return new UserError(message, { exitCode: exitCodes.putBack })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
