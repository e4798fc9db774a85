import type { AgentEvent, AgentState, Deed } from './agent-state.ts'
import { firstState, next } from './next.ts'

export type Tell = (event: AgentEvent) => void

/** Does what the mind asks for, and tells it what happened. Never throws. */
export type Perform = (deed: Deed, tell: Tell) => void

export interface Driven {
  readonly tell: Tell
  /** Resolves when the agent has stopped. */
  readonly stopped: Promise<void>
}

/** Brings mind and world together, one event after the other. */
export function drive(perform: Perform, watch: (state: AgentState) => void = () => {}): Driven {
  let state = firstState
  let end: () => void = () => {}
  const stopped = new Promise<void>((resolve) => {
    end = resolve
  })
  const tell: Tell = (event) => {
    const [after, deeds] = next(state, event)
    state = after
    watch(state)
    for (const deed of deeds)
      if (deed.kind === 'exit') end()
      else perform(deed, tell)
  }
  perform({ kind: 'start' }, tell)
  return { tell, stopped }
}
