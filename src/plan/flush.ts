import { dirname } from 'node:path'
import type { Host } from '../host/host.ts'
import type { RunRecord } from './journal.ts'

/**
 * Makes sure that a run's changes, or their taking back, survive a power cut: before the journal
 * says that the run is over. Roots and TFTP tree mostly lie on other filesystems than the journal.
 */
export async function flushRun({ steps }: RunRecord, nas: Host): Promise<void> {
  const dirs = new Set<string>()
  const trees: string[] = []
  for (const change of steps.flatMap(({ changes }) => changes)) {
    // What lies in a Pi's root has been flushed, and the root may have another name by now.
    if (change.kind === 'put' && change.below === undefined) dirs.add(dirname(change.path))
    if (change.kind === 'move-tree') dirs.add(dirname(change.from)).add(dirname(change.to))
    if (change.kind !== 'clone-tree') continue
    dirs.add(dirname(change.to))
    if ((await nas.read(change.to)) !== undefined) trees.push(change.to)
  }
  await nas.flush([...dirs], trees)
}
