import type { Claimed } from '../../protocol/agent-api.ts'
import type {
  AgentEvent,
  AgentState,
  Deed,
  KeptJob,
  Phase,
  Surroundings,
  Working,
} from './agent-state.ts'
import { failed, released } from './end-of-job.ts'
import type { Report } from './report.ts'
import { whileWorking } from './while-working.ts'

export type Next = readonly [AgentState, readonly Deed[]]

/** About five minutes. */
const idleClaimsPerTidy = 12

export const firstState: AgentState = {
  phase: { kind: 'starting' },
  registered: false,
  renewSeconds: 30,
  failures: 0,
  idleClaims: idleClaimsPerTidy,
  stopping: false,
}

const claimSeconds = 25
const slowSeconds = 300
const blockedSeconds = 10
const drainedSeconds = 30
/** A job that the agent, or the whole Pi, has died of so often is not begun again. */
const mostStarts = 3

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
      return event.kind === 'started' ? begin(state, event.kept) : stay(state)
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
      return file(
        state,
        event.now.state.trouble === null
          ? failed(phase.claimed, phase.failed)
          : released(phase.claimed, event.now.state.trouble),
      )
    case 'filing':
      return event.kind === 'filed'
        ? send({ ...state, idleClaims: idleClaimsPerTidy })
        : stay(state)
    case 'stopped':
      return stay(state)
  }
}

function stay(state: AgentState): Next {
  return [state, []]
}

function to(state: AgentState, phase: Phase, ...deeds: Deed[]): Next {
  return [{ ...state, phase }, deeds]
}

function begin(state: AgentState, kept: KeptJob | undefined): Next {
  if (kept === undefined) return send(state)
  const { claimed, starts } = kept
  if (state.stopping) return file(state, released(claimed, 'the agent was stopped'))
  if (starts >= mostStarts)
    return file(
      state,
      failed(claimed, {
        kind: 'failed',
        reason: 'FFmpegErr',
        retryable: true,
        detail: `the agent has died ${starts} times at this job`,
        argv: [],
        logTail: '',
      }),
    )
  const [working, deeds] = work(state, claimed)
  return [working, [say(`goes on with job ${claimed.job.id}: ${claimed.job.path}`), ...deeds]]
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
  const blocked = isBlocked(now)
  const claim: Deed = { kind: 'claim', now, waitSeconds: blocked ? 0 : claimSeconds }
  return to(state, { kind: 'asking', blocked }, claim)
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
    case 'unknown':
      return rest(afresh, Math.min(60, 2 ** Math.min(failures, 6)), 'not registered')
    case 'unwelcome':
      return rest(afresh, slowSeconds, 'the controller refuses the token of this muxer')
    default:
      return stay(state)
  }
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
  return work(state, claimed)
}

function work(state: AgentState, claimed: Claimed): Next {
  const phase: Working = {
    kind: 'working',
    claimed,
    progress: {
      step: 'start',
      rendition: null,
      percent: 0,
      fps: null,
      speed: null,
      etaSeconds: null,
      encoder: null,
    },
    ending: undefined,
    silentLooks: 0,
  }
  const { token } = claimed.lease
  return to(state, phase, { kind: 'mux', claimed }, { kind: 'await beat', token, seconds: 1 })
}

function file(state: AgentState, report: Report): Next {
  return to(state, { kind: 'filing' }, { kind: 'file', report })
}

function stop(state: AgentState): Next {
  if (state.stopping || state.phase.kind === 'stopped') return stay(state)
  const stopping = { ...state, stopping: true }
  if (state.phase.kind !== 'working') return [stopping, [{ kind: 'hurry' }]]
  const ending = state.phase.ending ?? { kind: 'release', why: 'the agent was stopped' }
  return to(stopping, { ...state.phase, ending }, { kind: 'stop mux' })
}

function exit(state: AgentState): Next {
  return to(state, { kind: 'stopped' }, { kind: 'exit' })
}

function say(line: string): Deed {
  return { kind: 'say', line }
}
