import type { Throughput } from '../../../protocol/views.ts'
import { dayOf, hourOf } from '../words/time.ts'

const width = 480
const height = 180
const left = 30
const bottom = 24
const top = 10

interface BarsProps {
  readonly points: Throughput['points']
  readonly label: string
}

/** One bar an hour, failed on top of done. */
export function Bars({ points, label }: BarsProps) {
  const most = niceTop(Math.max(1, ...points.map(({ done, failed }) => done + failed)))
  const step = (width - left) / points.length
  const bar = Math.max(1, step * 0.72)
  const y = (value: number): number => top + (height - top - bottom) * (1 - value / most)
  const every = Math.ceil(points.length / 7)
  return (
    <svg viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label} class="bars">
      {[0, most / 2, most].map((value) => (
        <g key={value}>
          <line class="grid" x1={left} x2={width} y1={y(value)} y2={y(value)} />
          <text x={left - 6} y={y(value) + 4} text-anchor="end">
            {value}
          </text>
        </g>
      ))}
      {points.map(({ from, done, failed }, index) => {
        const x = left + step * index + (step - bar) / 2
        return (
          <g key={from}>
            <rect class="done" x={x} width={bar} y={y(done)} height={y(0) - y(done)} />
            <rect class="failed" x={x} width={bar} y={y(done + failed)} height={y(0) - y(failed)} />
            {index % every === 0 && (
              <text x={left + step * index} y={height - 6}>
                {points.length > 48 ? dayOf(from) : hourOf(from)}
              </text>
            )}
          </g>
        )
      })}
    </svg>
  )
}

/** 2, 4, 10, 20, 40, 100 …: what can be halved. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most))
  return [2, 4, 10, 20].map((factor) => factor * power).find((value) => value >= most) ?? most
}
