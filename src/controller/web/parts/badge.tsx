import type { Standing } from '../words/job-state.ts'

export function Badge({ word, tone }: Standing) {
  return <span class={`badge ${tone}`}>{word}</span>
}
