import { type Reader, sameEntry } from '../host/host.ts'
import type { Change } from './change.ts'
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
      const now = await nas.read(change.path)
      if (sameEntry(now, change.after)) return 'after'
      return sameEntry(now, change.before) ? 'before' : 'other'
    }
    case 'clone-tree': {
      if ((await nas.read(change.to)) !== undefined) return 'after'
      return (await nas.read(change.from)) === undefined ? 'other' : 'before'
    }
    case 'move-tree': {
      const from = await nas.read(change.from)
      const to = await nas.read(change.to)
      if ((from === undefined) === (to === undefined)) return 'other'
      return from === undefined ? 'after' : 'before'
    }
    case 'live-rules': {
      const { stdout } = await nas.ask(change.save)
      const now = ourRules(stdout).join('\n')
      if (now === change.after.join('\n')) return 'after'
      return now === change.before.join('\n') ? 'before' : 'other'
    }
    default:
      return change satisfies never
  }
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
