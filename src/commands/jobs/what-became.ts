import type { Submitted, WishPart } from '../../protocol/views.ts'
import { wishFlags } from './wish-flags.ts'

/** What became of a submission that met a job for the same file. */
export function whatBecame({ state, leasedBy, takenOver, notTakenOver }: Submitted): string {
  const taken = takenOver.length === 0 ? '' : `; took over ${listed(takenOver)}`
  const kept = notTakenOver.length === 0 ? '' : `; keeps its own ${listed(notTakenOver)}`
  return `${whereItIs(state, leasedBy)}${taken}${kept}`
}

function whereItIs(state: Submitted['state'], leasedBy: string | null): string {
  if (state === 'queued') return 'in the queue already'
  return state === 'leased' ? `at work already on muxer ${leasedBy}` : `${state} already`
}

function listed(parts: readonly WishPart[]): string {
  const words = parts.map((part) => wishFlags[part])
  return [words.slice(0, -1).join(', '), words.at(-1)].filter(Boolean).join(' and ')
}
