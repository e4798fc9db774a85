import { exitCodes, UserError } from '../errors.ts'
import type { Host } from '../host/host.ts'
import { failedFile, finishedRuns, unfinishedRun } from './journal.ts'
import { purge } from './purge.ts'
import { endPutBack, putBack } from './put-back.ts'

/**
 * Takes back what a killed run or a power cut left half done. The caller holds the lock. Answers
 * the command that was cut off, or undefined where there was none.
 */
export async function recover(nas: Host, state: string): Promise<string | undefined> {
  const record = await unfinishedRun(nas, state)
  if (record === undefined) return await finishPurge(nas, state)
  const found = await putBack(record, nas)
  await endPutBack(nas, state, record, found)
  const cutOff = `${record.command} (run ${record.id}, ${record.startedAt})`
  const lines = [...found.leftovers, ...found.waiting].join('\n  ')
  if (lines === '') return cutOff
  if (found.leftovers.length === 0)
    throw new UserError(
      `${cutOff} was cut off and is put back, but not yet in force:\n  ${lines}`,
      {
        hint: 'mend that, then run the command again: it does the rest first',
        exitCode: exitCodes.needsHands,
      },
    )
  throw new UserError(`${cutOff} was cut off and could not be put back whole:\n  ${lines}`, {
    hint: `look at these; what was there before is in ${failedFile(state, record.id)}; then run \`pifarm plan\``,
    exitCode: exitCodes.needsHands,
  })
}

/** A kill between the end of a run and its purge leaves trees that were to be deleted. */
async function finishPurge(nas: Host, state: string): Promise<undefined> {
  const newest = await finishedRuns(nas, state).next()
  if (newest.value?.purge.length) await purge(nas, state, newest.value)
}
