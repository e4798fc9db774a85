import { exitCodes, UserError } from '../errors.ts'
import { type CopyProgress, type Host, unfinishedOf } from '../host/host.ts'
import type { Change, LiveRules, Put } from './change.ts'
import { transaction } from './live-rules.ts'
import { readPut } from './state.ts'

/** Makes one change. The caller has just seen that the NAS is as it says before. */
export async function carryOut(
  change: Change,
  nas: Host,
  progress: CopyProgress,
  signal: AbortSignal,
): Promise<void> {
  switch (change.kind) {
    case 'put':
      return await put(change, change.path, change.after, nas)
    case 'clone-tree':
      return await nas.cloneTree(change, progress, signal)
    case 'move-tree':
      return await nas.moveTree(change.from, change.to)
    case 'live-rules':
      return await load(change, change.before, change.after, nas)
    default:
      return change satisfies never
  }
}

/** Takes one change back. The caller has just seen that the NAS is as it says after. */
export async function takeBack(change: Change, nas: Host): Promise<void> {
  switch (change.kind) {
    case 'put':
      return await put(change, change.path, change.before, nas)
    case 'clone-tree':
      return await nas.removeTree(change.to)
    case 'move-tree':
      return await nas.moveTree(change.to, change.from)
    case 'live-rules':
      return await load(change, change.after, change.before, nas)
    default:
      return change satisfies never
  }
}

/** Removes what a kill in the middle of a change left beside its place. */
export async function clearUnfinished(change: Change, nas: Host): Promise<void> {
  if (change.kind === 'put') {
    const unfinished = unfinishedOf(change.path)
    if ((await readPut(change, unfinished, nas)) !== undefined)
      await put(change, unfinished, undefined, nas)
  }
  if (change.kind === 'clone-tree') await nas.removeTree(unfinishedOf(change.to))
}

async function put({ below }: Put, path: string, entry: Put['after'], nas: Host): Promise<void> {
  if (below === undefined) await nas.put(path, entry)
  else await nas.putBelow(below, path, entry)
}

async function load(
  { restore }: LiveRules,
  current: readonly string[],
  wanted: readonly string[],
  nas: Host,
): Promise<void> {
  const output = await nas.run(restore, transaction(current, wanted))
  if (output.code !== 0)
    throw new UserError(`${restore[0]} refused the chains: ${output.stderr.trim()}`, {
      exitCode: exitCodes.putBack,
    })
}
