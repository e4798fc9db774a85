import type { MuxFailed } from '../mux/mux-order.ts'
import type { AgentEvent, Deed, Surroundings } from './agent-state.ts'

/** What a deed answers that threw: the agent goes on as after a failure that it knows. */
export function afterBug(deed: Deed): AgentEvent {
  switch (deed.kind) {
    case 'start':
      return { kind: 'started', kept: undefined }
    case 'look':
      return { kind: 'looked', now: blind }
    case 'rest':
      return { kind: 'rested' }
    case 'tidy':
      return { kind: 'tidied' }
    case 'mux':
      return { kind: 'muxed', outcome: died('a bug of the agent') }
    case 'await beat':
      return { kind: 'beat', token: deed.token }
    case 'heartbeat':
      return { kind: 'unheard', token: deed.claimed.lease.token }
    case 'file':
      return { kind: 'filed' }
    default:
      return { kind: 'away' }
  }
}

/** The outcome of a job whose process ended without one. */
export function died(why: string | undefined): MuxFailed {
  const detail = `the process that works on the share ended by ${why ?? 'itself, without a word'}`
  return {
    kind: 'failed',
    reason: 'FFmpegErr',
    retryable: true,
    detail: detail.slice(0, 4000),
    argv: [],
    logTail: '',
  }
}

const blind: Surroundings = {
  state: { locked: null, trouble: 'the agent cannot look around', celsius: null, throttled: null },
  able: true,
  tmpFreeBytes: 0,
  share: 'fine',
  mount: null,
}
