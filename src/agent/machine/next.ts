import type { Claimed } from '../../protocol/agent-api.ts'
import type { AgentEvent, AgentState, Deed, Doubting, Surroundings } from './agent-state.ts'
import { failed, released } from './end-of-job.ts'
import type { Report } from './report.ts'
import { resume, whileResuming } from './resume.ts'
import { file, type Next, restAsTold, stay, to, work } from './transitions.ts'
import { whileWorking } from './while-working.ts'

/** About five minutes. */
const idleClaimsPerTidy = 12

export const firstState: AgentState = {
  phase: { kind: 'starting' },
  registered: false,
  renewSeconds: 30,
  failures: 0,
  idleClaims: idleClaimsPerTidy,
  unableLooks: 0,
  stopping: false,
}

const claimSeconds = 25
const slowSeconds = 300
const blockedSeconds = 10
const drainedSeconds = 30
/** About ten minutes: what a farm that starts all at once was too slow for may go well then. */
const unableLooksPerTrial = 60

/**
 * The agent's mind: what has happened in, what is to be done out. It does nothing itself, so that
 * every order in which things can happen can be played. An event that fits nothing that is waited
 * for is a late one, and changes nothing.
 */
export function next(state: AgentState, event: AgentEvent): Next {
  const { phase } = state
  if (event.kind === 'stop') return stop(state)
  switch (phase.kind) {
    case 'starting':
      if (event.kind !== 'started') return stay(state)
      return event.kept === undefined ? send(state) : resume(state, event.kept)
    case 'resuming':
      return whileResuming(state, phase, event)
    case 'sending':
      if (event.kind === 'sent') return afterSending(state)
      return trouble(state, event)
    case 'registering':
      if (event.kind !== 'registered') return trouble(state, event)
      return look({ ...state, registered: true, failures: 0, renewSeconds: event.renewSeconds })
    case 'looking':
      return event.kind === 'looked' ? ask(state, event.now) : stay(state)
    case 'asking':
      return answered(state, phase.blocked, event)
    case 'tidying':
      return event.kind === 'tidied' ? send({ ...state, idleClaims: 0 }) : stay(state)
    case 'pausing':
      return event.kind === 'rested' ? send(state) : stay(state)
    case 'checking':
      return event.kind === 'looked' ? check(state, phase.claimed, event.now) : stay(state)
    case 'working':
      return whileWorking(state, phase, event)
    case 'doubting':
      if (event.kind !== 'looked') return stay(state)
      return file(state, afterDoubt(phase, event.now))
    case 'filing':
      return event.kind === 'filed'
        ? send({ ...state, idleClaims: idleClaimsPerTidy })
        : stay(state)
    case 'stopped':
      return stay(state)
  }
}

/** Whatever comes next, the controller first hears what it has not heard yet. */
function send(state: AgentState): Next {
  // A report is tried once more on the way out; what a former one could not send, neither can this.
  if (state.stopping && state.phase.kind !== 'filing') return exit(state)
  return to(state, { kind: 'sending' }, { kind: 'send', inHaste: state.stopping })
}

function afterSending(state: AgentState): Next {
  if (state.stopping) return exit(state)
  if (state.registered) return look(state)
  return to(state, { kind: 'registering' }, { kind: 'register' })
}

function look(state: AgentState): Next {
  if (state.stopping) return exit(state)
  return to(state, { kind: 'looking' }, { kind: 'look' })
}

/** A muxer that may not work, or cannot, asks for nothing, but says so. */
function ask(state: AgentState, now: Surroundings): Next {
  if (state.stopping) return exit(state)
  if (!now.able && state.unableLooks >= unableLooksPerTrial)
    return to({ ...state, registered: false, unableLooks: 0 }, firstState.phase, { kind: 'start' })
  const blocked = isBlocked(now)
  const claim: Deed = { kind: 'claim', now, waitSeconds: blocked ? 0 : claimSeconds }
  const unableLooks = now.able ? 0 : state.unableLooks + 1
  return to({ ...state, unableLooks }, { kind: 'asking', blocked }, claim)
}

function isBlocked({ state }: Surroundings): boolean {
  return state.locked !== null || state.trouble !== null
}

function answered(before: AgentState, blocked: boolean, event: AgentEvent): Next {
  const state = { ...before, failures: 0 }
  switch (event.kind) {
    case 'claimed':
      return to(state, { kind: 'checking', claimed: event.claimed }, { kind: 'look' })
    case 'nothing':
      if (blocked) return rest(state, blockedSeconds, 'locked, or in trouble')
      if (state.stopping) return exit(state)
      if (state.idleClaims >= idleClaimsPerTidy)
        return to(state, { kind: 'tidying' }, { kind: 'tidy' })
      return send({ ...state, idleClaims: state.idleClaims + 1 })
    case 'drained':
      return rest(state, drainedSeconds, 'drained by the controller')
    default:
      return trouble(before, event)
  }
}

function trouble(state: AgentState, event: AgentEvent): Next {
  const failures = state.failures + 1
  const afresh = { ...state, registered: false, failures }
  switch (event.kind) {
    case 'away':
      return rest(afresh, Math.min(60, 2 ** Math.min(failures, 6)), 'the controller is away')
    case 'later':
      return leaveAlone(state, event.seconds)
    case 'unknown':
      return rest(afresh, Math.min(60, 2 ** Math.min(failures, 6)), 'not registered')
    case 'unwelcome':
      return rest(afresh, slowSeconds, 'the controller refuses the token of this muxer')
    default:
      return stay(state)
  }
}

/** It is there, and knows this muxer: only the time is its own to say. */
function leaveAlone(state: AgentState, seconds: number): Next {
  if (state.stopping) return exit(state)
  return to(state, { kind: 'pausing' }, restAsTold(seconds))
}

function rest(state: AgentState, seconds: number, why: string): Next {
  if (state.stopping) return exit(state)
  return to(state, { kind: 'pausing' }, { kind: 'rest', seconds, why })
}

function check(state: AgentState, claimed: Claimed, now: Surroundings): Next {
  if (state.stopping) return file(state, released(claimed, 'the agent was stopped'))
  if (now.state.locked !== null)
    return file(state, released(claimed, `locked: ${now.state.locked}`))
  if (now.state.trouble !== null) return file(state, released(claimed, now.state.trouble))
  return work(state, claimed, now.mount)
}

function stop(state: AgentState): Next {
  if (state.stopping || state.phase.kind === 'stopped') return stay(state)
  const stopping = { ...state, stopping: true }
  // A heartbeat is under way with either.
  if (state.phase.kind === 'resuming') return [stopping, [{ kind: 'hurry' }, { kind: 'stop mux' }]]
  if (state.phase.kind !== 'working') return [stopping, [{ kind: 'hurry' }]]
  const ending = state.phase.ending ?? { kind: 'release', why: 'the agent was stopped' }
  return to(stopping, { ...state.phase, ending }, { kind: 'stop mux' })
}

/**
 * What a share that is away does to a job looks like a missing file. One that was away and is back
 * is told by the job itself, which alone can tell the two mounts apart: see `hold-share.ts`.
 */
function afterDoubt({ claimed, failed: why }: Doubting, { state }: Surroundings): Report {
  return state.trouble === null ? failed(claimed, why) : released(claimed, state.trouble)
}

function exit(state: AgentState): Next {
  return to(state, { kind: 'stopped' }, { kind: 'exit' })
}
