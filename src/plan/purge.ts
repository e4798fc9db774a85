import type { Host } from '../host/host.ts'
import { type RunRecord, rewrite } from './journal.ts'

/**
 * Deletes for good what a finished run took out, and what the records of this and all earlier runs
 * know of it: they hold private keys, and no undo reaches behind a purge. Answers what failed.
 */
export async function purge(
  nas: Host,
  state: string,
  record: RunRecord,
): Promise<string | undefined> {
  if (record.purge.length === 0) return undefined
  try {
    for (const tree of record.purge)
      if ((await nas.read(tree)) !== undefined) await nas.removeTree(tree)
    await rewrite(nas, state, { ...record, steps: record.steps.map(withoutSecrets) })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function withoutSecrets(step: RunRecord['steps'][number]): RunRecord['steps'][number] {
  return {
    ...step,
    changes: step.changes.filter((change) => change.kind !== 'put' || !change.secret),
  }
}
