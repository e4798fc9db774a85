import type { Claimed } from '../../protocol/agent-api.ts'
import type { AgentState, Deed, Phase, Working } from './agent-state.ts'
import { noProgress } from './end-of-job.ts'
import type { Report } from './report.ts'

export type Next = readonly [AgentState, readonly Deed[]]

export function stay(state: AgentState): Next {
  return [state, []]
}

export function to(state: AgentState, phase: Phase, ...deeds: Deed[]): Next {
  return [{ ...state, phase }, deeds]
}

export function work(state: AgentState, claimed: Claimed, mount: string | null): Next {
  const phase: Working = {
    kind: 'working',
    claimed,
    mount,
    progress: noProgress,
    ending: undefined,
    silentLooks: 0,
  }
  const { token } = claimed.lease
  return to(state, phase, { kind: 'mux', claimed }, { kind: 'await beat', token, seconds: 1 })
}

/** The controller has said when it wants to be asked again. */
export function restAsTold(seconds: number): Deed {
  return { kind: 'rest', seconds, why: 'the controller wants to be asked later', inFull: true }
}

/** Writes down how a job ended; undefined: only that it is over. */
export function file(state: AgentState, report: Report | undefined): Next {
  return to(state, { kind: 'filing' }, { kind: 'file', report })
}
