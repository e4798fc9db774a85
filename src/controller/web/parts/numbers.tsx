import type { Throughput } from '../../../protocol/views.ts'
import { muxers } from '../live/live.ts'
import { useThroughput } from '../live/use-throughput.ts'
import { muxerStanding } from '../words/muxer-standing.ts'

/** The farm in five numbers. */
export function Numbers({ waiting }: { waiting: number | undefined }) {
  const { answer } = useThroughput(24)
  const all = [...(muxers.value?.values() ?? [])]
  const working = all.filter((muxer) => muxer.job !== null).length
  const inNeed = all.filter((muxer) => muxerStanding(muxer).tone === 'bad').length
  const total = totalOf(answer)
  const numbers = [
    { name: 'Pis at work', value: `${working} of ${all.length}`, bad: false },
    { name: 'Pis in need', value: String(inNeed), bad: inNeed > 0 },
    { name: 'Waiting', value: String(waiting ?? '…'), bad: false },
    { name: 'Done, 24 h', value: String(total.done), bad: false },
    { name: 'Video, 24 h', value: `${(total.videoSeconds / 3600).toFixed(1)} h`, bad: false },
    { name: 'Failed, 24 h', value: String(total.failed), bad: total.failed > 0 },
  ]
  return (
    <dl class="numbers" aria-label="The farm in numbers">
      {numbers.map(({ name, value, bad }) => (
        <div key={name} class={bad ? 'number is-bad' : 'number'}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function totalOf(answer: Throughput | undefined) {
  const points = answer?.points ?? []
  const sum = (key: 'done' | 'failed' | 'videoSeconds'): number =>
    points.reduce((total, point) => total + point[key], 0)
  return { done: sum('done'), failed: sum('failed'), videoSeconds: sum('videoSeconds') }
}
