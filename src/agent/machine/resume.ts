import { died } from './after-bug.ts'
import type { AgentEvent, AgentState, Deed, KeptJob, Resuming } from './agent-state.ts'
import { failed, noProgress, released } from './end-of-job.ts'
import { file, type Next, restAsTold, work } from './transitions.ts'

/** A job that the agent, or the whole Pi, has died of so often is not begun again. */
const mostStarts = 3
const againSeconds = 5

/**
 * A job was held when the agent was last stopped. Whoever holds it now may have gone on with it, and
 * going on here would take its work away: first the controller says whose it is, however long that
 * takes. Then share and lock are what they are for every job.
 */
export function resume(state: AgentState, { claimed, starts }: KeptJob): Next {
  if (state.stopping) return file(state, released(claimed, 'the agent was stopped'))
  if (starts >= mostStarts) {
    const detail = `the agent has died ${starts} times at this job`
    return file(state, failed(claimed, { ...died(undefined), detail }))
  }
  const { renewSeconds } = claimed.lease
  const phase: Resuming = { kind: 'resuming', claimed, mount: null }
  return [{ ...state, renewSeconds, phase }, [{ kind: 'look' }]]
}

export function whileResuming(state: AgentState, phase: Resuming, event: AgentEvent): Next {
  const { claimed } = phase
  switch (event.kind) {
    case 'looked': {
      const { now } = event
      const why = now.state.locked === null ? now.state.trouble : `locked: ${now.state.locked}`
      if (why !== null) return file(state, released(claimed, why))
      const beat: Deed = { kind: 'heartbeat', claimed, progress: noProgress, now }
      return [{ ...state, phase: { ...phase, mount: now.mount } }, [beat]]
    }
    case 'heard': {
      if (event.cancel) return file(state, released(claimed, 'cancelled'))
      if (state.stopping) return file(state, released(claimed, 'the agent was stopped'))
      const line = `goes on with job ${claimed.job.id}: ${claimed.job.path}`
      const [working, deeds] = work(state, claimed, phase.mount)
      return [working, [{ kind: 'say', line }, ...deeds]]
    }
    case 'unheard':
      if (state.stopping) return file(state, released(claimed, 'the agent was stopped'))
      if (event.later !== undefined) return [state, [restAsTold(event.later)]]
      return [state, [{ kind: 'rest', seconds: againSeconds, why: 'the controller is away' }]]
    case 'rested':
      if (state.stopping) return file(state, released(claimed, 'the agent was stopped'))
      return [state, [{ kind: 'look' }]]
    case 'lease lost':
      return lost(state, claimed.job.id)
    default:
      return [state, []]
  }
}

function lost(state: AgentState, job: string): Next {
  const [filing, deeds] = file(state, undefined)
  return [filing, [{ kind: 'say', line: `job ${job} is no longer this muxer's` }, ...deeds]]
}
