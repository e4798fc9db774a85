import type { Host } from '../host/host.ts'
import { clearUnfinished, takeBack } from './carry-out.ts'
import type { Reload } from './change.ts'
import { staysDead } from './daemon.ts'
import type { RunRecord } from './journal.ts'
import { stateOf, subjectOf } from './state.ts'

/**
 * Walks the changes of a run backwards and takes back those that were made, judged by what is
 * there now: the same code serves a failure, a Ctrl-C and a crash. Answers what it could not put
 * back; a person's edit in between is left alone and named.
 */
export async function putBack(record: RunRecord, nas: Host): Promise<string[]> {
  const leftovers: string[] = []
  for (const path of record.staged) await attempt(leftovers, path, () => nas.put(path, undefined))
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
  if (touched)
    for (const reload of record.steps.flatMap(({ reloads }) => reloads))
      await repeat(reload, nas, leftovers)
  return leftovers
}

async function repeat(reload: Reload, nas: Host, leftovers: string[]): Promise<void> {
  await attempt(leftovers, reload.argv.join(' '), async () => {
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
