import type { Host } from '../host/host.ts'
import type { Change } from './change.ts'
import { forgetOthers, type RunRecord, rewrite } from './journal.ts'

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
    await forgetOthers(nas, state, record)
    // Each command after a purge sees to it that it came to its end: where it did, none is left.
    if (record.steps.some(({ changes }) => changes.some(isSecret)))
      await rewrite(nas, state, { ...record, steps: record.steps.map(withoutSecrets) })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function withoutSecrets(step: RunRecord['steps'][number]): RunRecord['steps'][number] {
  return {
    ...step,
    changes: step.changes.filter((change) => !isSecret(change)),
  }
}

function isSecret(change: Change): boolean {
  return change.kind === 'put' && change.secret === true
}
