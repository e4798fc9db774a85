import type { JobView, MuxerView } from '../../protocol/views.ts'
import { stateOf } from '../muxers/state-of.ts'

/** What a queued job whose time has come waits for: one that may take it has to come, to work again, or to be free. */
export function whatItWaitsFor(
  { muxer, needs }: Pick<JobView, 'muxer' | 'needs'>,
  muxers: readonly MuxerView[],
): string {
  if (muxers.length === 0) return 'no muxer has asked for work yet'
  const meant = muxers.filter(({ id }) => muxer === null || id === muxer)
  if (meant.length === 0) return `muxer ${muxer} has never asked for work`
  const able = meant.filter(({ labels }) => needs.every((need) => labels.includes(need)))
  if (able.length === 0)
    return `${muxer === null ? 'no muxer has' : `muxer ${muxer} does not have`} ${labelsIn(needs)}`
  // Free ones with those at work: which is which changes all the time.
  const working = able.filter((each) => ['waits', 'works'].includes(stateOf(each)))
  if (working.length > 0) return `its turn on muxer ${listed(working.map(({ id }) => id))}`
  return able.length === 1
    ? `muxer ${able.map(howItIs)}`
    : `of the muxers that may take it none works: ${listed(able.map(howItIs))}`
}

function howItIs(muxer: MuxerView): string {
  return `${muxer.id} is ${stateOf(muxer)}`
}

function labelsIn(needs: readonly string[]): string {
  return needs.length === 1 ? `the label ${needs}` : `all the labels ${needs.join(' ')}`
}

const mostNamed = 5

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
