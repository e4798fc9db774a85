import { useState } from 'preact/hooks'
import type { Throughput } from '../../../protocol/views.ts'
import { useThroughput } from '../live/use-throughput.ts'
import { count } from '../words/amount.ts'
import { duration, instant } from '../words/time.ts'
import { Bars } from './bars.tsx'
import { Trouble } from './trouble.tsx'

const spans = [
  { hours: 24, text: '24 hours' },
  { hours: 168, text: '7 days' },
] as const

/** What ended hour by hour: bars, a sentence that says the same, and the numbers as a table. */
export function ThroughputPlot() {
  const [hours, setHours] = useState<number>(24)
  const { answer, refusal } = useThroughput(hours)
  return (
    <section aria-labelledby="throughput">
      <div class="section-head">
        <h2 id="throughput">Throughput</h2>
        <fieldset class="choice">
          <legend class="unseen">Time shown</legend>
          {spans.map((span) => (
            <label key={span.hours}>
              <input
                type="radio"
                name="span"
                checked={span.hours === hours}
                onChange={() => setHours(span.hours)}
              />
              <span>{span.text}</span>
            </label>
          ))}
        </fieldset>
      </div>
      <Trouble refusal={refusal} />
      {answer !== undefined && <Plot points={answer.points} />}
    </section>
  )
}

function Plot({ points }: { points: Throughput['points'] }) {
  const busy = points.filter(({ done, failed }) => done + failed > 0)
  return (
    <figure class="card plot">
      <Bars points={points} label={sentence(points)} />
      <figcaption>
        <span class="key key-done">done</span> <span class="key key-failed">failed</span> jobs an
        hour
      </figcaption>
      {busy.length === 0 && <p class="note">Nothing has ended in this time.</p>}
      {busy.length > 0 && (
        <details>
          <summary>As a table</summary>
          <section class="scrolls" tabIndex={0} aria-label="Throughput as a table">
            <table>
              <thead>
                <tr>
                  <th scope="col">Hour from</th>
                  <th scope="col">Done</th>
                  <th scope="col">Failed</th>
                  <th scope="col">Video</th>
                </tr>
              </thead>
              <tbody>
                {busy.toReversed().map(({ from, done, failed, videoSeconds }) => (
                  <tr key={from}>
                    <th scope="row">{instant(from)}</th>
                    <td>{done}</td>
                    <td>{failed}</td>
                    <td>{duration(videoSeconds)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
        </details>
      )}
    </figure>
  )
}

function sentence(points: Throughput['points']): string {
  const done = points.reduce((sum, point) => sum + point.done, 0)
  const failed = points.reduce((sum, point) => sum + point.failed, 0)
  const best = points.reduce((most, point) => (point.done > most.done ? point : most), {
    done: 0,
    from: '',
  })
  const peak = best.done === 0 ? '' : `; most in the hour from ${instant(best.from)}: ${best.done}`
  return `Bars for the last ${points.length} hours: ${count(done, 'job')} done, ${failed} failed${peak}`
}
