import type { Reader } from '../host/host.ts'
import { runAtWork } from './at-work.ts'
import { failedFile, finishedRuns, type RunRecord, unfinishedRun } from './journal.ts'
import { stateOf, subjectOf } from './state.ts'

/** What runs that did not end well have left on this NAS. */
export interface LooseEnds {
  /** The command that holds the lock now: what follows is its work, not a leftover. */
  readonly atWork: string | undefined
  readonly cutOff: CutOff | undefined
  /** Journals of runs that could not be put back whole, until a person moves them away. */
  readonly failed: readonly string[]
  /** Trees that the last run was to delete for good. */
  readonly undeleted: readonly string[]
}

/** A run that was killed, or cut off from its power. */
export interface CutOff {
  readonly record: RunRecord
  /** How many changes it planned, and how many of them are made. */
  readonly planned: number
  readonly made: number
  /** What is neither as before nor as planned: it will be left alone. */
  readonly strange: readonly string[]
}

/** Looks only: what is found here the next run puts back. */
export async function lookLooseEnds(nas: Reader, state: string): Promise<LooseEnds> {
  const atWork = await runAtWork(nas, state)
  const record = await unfinishedRun(nas, state)
  return {
    atWork,
    cutOff: record && (await howFar(record, nas)),
    failed: await failedRuns(nas, state),
    undeleted: atWork === undefined ? await undeletedTrees(nas, state) : [],
  }
}

async function howFar(record: RunRecord, nas: Reader): Promise<CutOff> {
  const changes = record.steps.flatMap((step) => step.changes)
  let made = 0
  const strange: string[] = []
  for (const change of changes) {
    const state = await stateOf(change, nas)
    if (state === 'after') made += 1
    if (state === 'other') strange.push(subjectOf(change))
  }
  return { record, planned: changes.length, made, strange }
}

async function failedRuns(nas: Reader, state: string): Promise<string[]> {
  const names = [...((await nas.list(state))?.keys() ?? [])]
  const ids = names.flatMap((name) => /^failed-(\d+)\.json$/.exec(name)?.[1] ?? [])
  return ids.sort().map((id) => failedFile(state, id))
}

async function undeletedTrees(nas: Reader, state: string): Promise<string[]> {
  const newest = await finishedRuns(nas, state).next()
  const trees: string[] = []
  for (const tree of newest.value?.purge ?? [])
    if ((await nas.read(tree)) !== undefined) trees.push(tree)
  return trees
}
