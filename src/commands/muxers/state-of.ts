import type { MuxerView } from '../../protocol/views.ts'

/** An agent asks at least this often, working or waiting. */
const silentAfterSeconds = 90

/** Why it gets no job, or what it does. */
export function stateOf({
  state,
  quarantined,
  drained,
  job,
  lastSeenSecondsAgo,
}: MuxerView): string {
  if (lastSeenSecondsAgo > silentAfterSeconds) return 'silent'
  if (quarantined !== null) return `set aside: ${quarantined}`
  if (drained) return job === null ? 'drained' : 'draining'
  if (state.locked !== null) return `locked: ${state.locked}`
  if (state.trouble !== null) return `cannot work: ${state.trouble}`
  return job === null ? 'waits' : 'works'
}
