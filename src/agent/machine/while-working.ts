import type { JobOutcome } from '../share/mux-job.ts'
import type { AgentEvent, AgentState, Deed, Ending, Surroundings, Working } from './agent-state.ts'
import { completed, mountedAnew, released, shareLost } from './end-of-job.ts'
import type { Report } from './report.ts'
import type { Next } from './transitions.ts'

/** A NAS that restarts is silent for a minute or two, and the job goes on after that. */
const mostSilentLooks = 4

/** The part of `next` in which a job runs: its progress, its heartbeats, its end. */
export function whileWorking(state: AgentState, phase: Working, event: AgentEvent): Next {
  const { token } = phase.claimed.lease
  // Of an earlier job.
  if ('token' in event && event.token !== token) return [state, []]
  switch (event.kind) {
    case 'progressed':
      return [{ ...state, phase: { ...phase, progress: event.progress } }, []]
    case 'beat':
      return [state, [{ kind: 'look' }]]
    case 'looked':
      return looked(state, phase, event.now)
    case 'heard':
      if (!event.cancel) return [state, [awaitBeat(state, token)]]
      return end(state, phase, { kind: 'release', why: 'cancelled' }, awaitBeat(state, token))
    case 'unheard':
      return [state, [awaitBeat(state, token, event.later)]]
    case 'lease lost':
      return end(state, phase, { kind: 'lost' })
    case 'muxed':
      return muxed(state, phase, event.outcome)
    default:
      return [state, []]
  }
}

function awaitBeat({ renewSeconds }: AgentState, token: string, later = 0): Deed {
  // Whoever asks for more patience than that, be it a proxy before the controller, would cost the lease.
  const patience = Math.min(later, 2 * renewSeconds)
  return { kind: 'await beat', token, seconds: Math.max(renewSeconds, patience) }
}

function looked(state: AgentState, phase: Working, now: Surroundings): Next {
  const silentLooks = now.share === 'silent' ? phase.silentLooks + 1 : 0
  const working = { ...phase, silentLooks }
  const { claimed, progress } = phase
  const beat: Deed = { kind: 'heartbeat', claimed, progress, now }
  const isAnew = now.share === 'fine' && now.mount !== phase.mount
  if (now.share !== 'gone' && silentLooks < mostSilentLooks && !isAnew)
    return [{ ...state, phase: working }, [beat]]
  const why = now.state.trouble ?? (isAnew ? mountedAnew : 'the media share is away')
  return end(state, working, { kind: 'release', why }, beat)
}

/** The first reason to end stands, but for the loss of the lease: then there is nobody to tell. */
function end(state: AgentState, phase: Working, ending: Ending, ...deeds: Deed[]): Next {
  if (phase.ending !== undefined && ending.kind !== 'lost') return [{ ...state, phase }, deeds]
  const stops: Deed[] = phase.ending === undefined ? [{ kind: 'stop mux' }] : []
  const why = ending.kind === 'lost' ? 'the lease is lost' : ending.why
  const line = `stops job ${phase.claimed.job.id}: ${why}`
  return [{ ...state, phase: { ...phase, ending } }, [{ kind: 'say', line }, ...stops, ...deeds]]
}

function muxed(state: AgentState, { claimed, ending }: Working, outcome: JobOutcome): Next {
  const filing = (report: Report | undefined): Next => [
    { ...state, phase: { kind: 'filing' } },
    [{ kind: 'file', report }],
  ]
  if (ending?.kind === 'lost') return filing(undefined)
  // Done before it could be stopped: it is published, and that is the truth.
  if (outcome.kind === 'done') return filing(completed(claimed, outcome))
  if (ending !== undefined) return filing(released(claimed, ending.why))
  if (outcome.kind === 'stopped') return filing(released(claimed, 'the job was stopped'))
  if (outcome.kind === 'share lost') return filing(released(claimed, shareLost))
  return [{ ...state, phase: { kind: 'doubting', claimed, failed: outcome } }, [{ kind: 'look' }]]
}
