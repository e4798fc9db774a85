import { isDeepStrictEqual } from 'node:util'
import { exitCodes, UserError } from '../errors.ts'
import { type Entry, type Reader, sameEntry } from '../host/host.ts'
import type { Change, CloneTree, LiveRules, Put } from './change.ts'
import { ourRules } from './live-rules.ts'

/** Where the NAS stands with regard to one change. */
export type State =
  | 'before'
  | 'after'
  /** Neither: a person was at work. */
  | 'other'

/** Looks whether a change has been made, by comparing the NAS with what the change says. */
export async function stateOf(change: Change, nas: Reader): Promise<State> {
  switch (change.kind) {
    case 'put': {
      const now = await readPut(change, change.path, nas)
      if (sameEntry(now, change.after)) return 'after'
      return sameEntry(now, change.before) ? 'before' : 'other'
    }
    case 'clone-tree': {
      if ((await nas.read(change.to)) !== undefined)
        return (await isOurClone(change, nas)) ? 'after' : 'other'
      return (await nas.read(change.from)) === undefined ? 'other' : 'before'
    }
    case 'move-tree': {
      const from = await nas.read(change.from)
      const to = await nas.read(change.to)
      if ((from === undefined) === (to === undefined)) return 'other'
      return from === undefined ? 'after' : 'before'
    }
    case 'live-rules': {
      const now = (await readLive(change, nas)).join('\n')
      if (now === change.after.join('\n')) return 'after'
      return now === change.before.join('\n') ? 'before' : 'other'
    }
    default:
      return change satisfies never
  }
}

/** What is where a put goes, or beside it. */
export async function readPut(
  { below }: Put,
  path: string,
  nas: Reader,
): Promise<Entry | undefined> {
  return below === undefined ? await nas.read(path) : await nas.readBelow(below, path)
}

/** Whether a tree is the copy this change makes: what a person put there meanwhile is never deleted. */
async function isOurClone({ from, to, seeds }: CloneTree, nas: Reader): Promise<boolean> {
  for (const [path, entry] of new Map(seeds.map((seed) => [seed.path, seed.entry])))
    if (!sameEntry(await nas.readBelow(to, `${to}/${path}`), entry)) return false
  if (seeds.length > 0) return true
  const [made, source] = [await nas.list(to), await nas.list(from)]
  return isDeepStrictEqual(new Set(made?.keys()), new Set(source?.keys()))
}

/** Our chains in the kernel now. A failed look is no answer: `no chains` would be taken for one. */
export async function readLive({ save }: LiveRules, nas: Reader): Promise<string[]> {
  const { code, stdout, stderr } = await nas.ask(save)
  if (code === 0) return ourRules(stdout)
  throw new UserError(`${save.join(' ')} failed: ${stderr.trim() || `exit status ${code}`}`)
}

/** Stops where the NAS is not as the plan saw it: a person's edit is never overwritten. */
export async function refuseChanged(change: Change, nas: Reader): Promise<void> {
  if ((await stateOf(change, nas)) === 'before') return
  throw new UserError(`${subjectOf(change)} has changed since the plan was made`, {
    hint: 'nothing of it was overwritten; see what differs with `pifarm plan`, then run the command again',
    exitCode: exitCodes.putBack,
  })
}

/** The thing a change is about, for messages. */
export function subjectOf(change: Change): string {
  switch (change.kind) {
    case 'put':
      return change.path
    case 'clone-tree':
      return change.to
    case 'move-tree':
      return change.from
    case 'live-rules':
      return 'the live firewall chains'
    default:
      return change satisfies never
  }
}
