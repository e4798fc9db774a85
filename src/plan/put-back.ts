import { type Host, unfinishedOf } from '../host/host.ts'
import { clearUnfinished, takeBack } from './carry-out.ts'
import type { Reload } from './change.ts'
import { staysDead } from './daemon.ts'
import { flushRun } from './flush.ts'
import { discard, keepFailed, keepWaiting, type RunRecord } from './journal.ts'
import { stateOf, subjectOf } from './state.ts'
import { failedTrial } from './trial.ts'

export interface PutBack {
  /** What is not as it was before the run, a line each. */
  readonly leftovers: readonly string[]
  /** Reloads that were not done, a line each: the daemon would not survive what a person wrote. */
  readonly waiting: readonly string[]
}

/** Takes back a run, and makes the daemons read their files again: the same for a failure, a Ctrl-C and a crash. */
export async function putBack(record: RunRecord, nas: Host): Promise<PutBack> {
  const leftovers: string[] = []
  const waiting: string[] = []
  // Where reloads wait its files are back; whoever mends them for the daemon may have edited these very ones.
  const touched = record.reloadsWait === true || (await takeBackAll(record, nas, leftovers))
  if (touched)
    for (const reload of record.steps.flatMap(({ reloads }) => reloads))
      await repeat(reload, nas, { leftovers, waiting })
  return { leftovers, waiting }
}

/**
 * Walks the changes of a run backwards and takes back those that were made, judged by what is there
 * now. A person's edit in between is left alone and named. Answers whether any had been made.
 */
async function takeBackAll(record: RunRecord, nas: Host, leftovers: string[]): Promise<boolean> {
  for (const path of record.staged.flatMap((staged) => [staged, unfinishedOf(staged)]))
    await attempt(leftovers, path, () => nas.put(path, undefined))
  let touched = false
  for (const change of record.steps.flatMap(({ changes }) => changes).toReversed()) {
    const made = await attempt(leftovers, subjectOf(change), async () => {
      await clearUnfinished(change, nas)
      const state = await stateOf(change, nas)
      if (state === 'after') await takeBack(change, nas)
      if (state === 'other')
        leftovers.push(`${subjectOf(change)} is neither as before nor as planned`)
      return state !== 'before'
    })
    touched ||= made ?? true
  }
  return touched
}

/** Ends a put-back: durable first, then the journal goes, or is kept where it is still needed. */
export async function endPutBack(
  nas: Host,
  state: string,
  record: RunRecord,
  { leftovers, waiting }: PutBack,
): Promise<void> {
  await flushRun(record, nas)
  if (leftovers.length > 0) await keepFailed(nas, state, record)
  if (waiting.length > 0) await keepWaiting(nas, state, record)
  else await discard(nas, state)
}

async function repeat(
  reload: Reload,
  nas: Host,
  { leftovers, waiting }: { readonly leftovers: string[]; readonly waiting: string[] },
): Promise<void> {
  await attempt(leftovers, reload.argv.join(' '), async () => {
    const broken = reload.trial && (await failedTrial(reload.trial, nas))
    if (broken !== undefined) {
      waiting.push(`${reload.argv.join(' ')} was not run: ${broken}`)
      return
    }
    const output = await nas.run(reload.argv)
    if (reload.daemon !== undefined) {
      const wrong = await staysDead(nas, reload.daemon)
      if (wrong !== undefined) leftovers.push(wrong)
    } else if (output.code !== 0 && !reload.mayFail)
      leftovers.push(
        `${reload.argv.join(' ')}: ${output.stderr.trim() || `exit status ${output.code}`}`,
      )
  })
}

/** Goes on after a failure: whatever else can be put back must be. */
async function attempt<T>(
  leftovers: string[],
  subject: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    leftovers.push(`${subject}: ${error instanceof Error ? error.message : String(error)}`)
    return undefined
  }
}
