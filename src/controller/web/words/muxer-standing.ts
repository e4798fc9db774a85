import type { HeardMuxer } from '../live/live.ts'
import type { Standing } from './job-state.ts'
import { now } from './time.ts'

/** Longer than an agent is ever silent: a claim waits 30 s, a job is renewed after 30 s. */
const silentAfterSeconds = 90

export function silentFor({ lastSeenSecondsAgo, heardAt }: HeardMuxer): number {
  return lastSeenSecondsAgo + Math.max(0, now.value - heardAt) / 1000
}

/** How a muxer stands: the first that holds is said, the most urgent first. */
export function muxerStanding(muxer: HeardMuxer): Standing {
  if (silentFor(muxer) > silentAfterSeconds) return { word: 'Not seen', tone: 'bad' }
  if (muxer.quarantined !== null) return { word: 'Set aside', tone: 'bad' }
  if (muxer.state.trouble !== null) return { word: 'In trouble', tone: 'bad' }
  if (muxer.drained) return { word: muxer.job === null ? 'Drained' : 'Draining', tone: 'warn' }
  if (muxer.state.locked !== null) return { word: 'Locked', tone: 'warn' }
  return muxer.job === null ? { word: 'Idle', tone: 'calm' } : { word: 'Working', tone: 'busy' }
}

/** What else is to be known of it, as sentences. */
export function muxerNotes(muxer: HeardMuxer): readonly string[] {
  const { quarantined, state } = muxer
  return [
    ...(quarantined === null ? [] : [`Set aside: ${quarantined}`]),
    ...(state.trouble === null ? [] : [`Trouble: ${state.trouble}`]),
    ...(state.locked === null ? [] : [`Locked: ${state.locked || 'no reason given'}`]),
    ...(state.throttled ? ['Throttled: too hot, or too little power'] : []),
    ...(lacksPiHardware(muxer) ? [] : muxer.capabilities.troubles),
  ]
}

/** What was tried there in vain, and is not to be had there. */
export function notUsed(muxer: HeardMuxer): readonly string[] {
  return lacksPiHardware(muxer) ? muxer.capabilities.troubles : []
}

/** On a Pi an encoder that fails is a fault; a PC has none of a Pi's, and does its work with another. */
function lacksPiHardware({ model, capabilities }: HeardMuxer): boolean {
  return !model.startsWith('Raspberry Pi') && capabilities.encoders.length > 0
}
