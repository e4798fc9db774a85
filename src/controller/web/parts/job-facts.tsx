import type { Ladder } from '../../../protocol/job.ts'
import type { JobView } from '../../../protocol/views.ts'
import { size } from '../words/amount.ts'
import { duration, instant } from '../words/time.ts'

/** What was asked for, and what came of it. */
export function JobFacts({ job }: { job: JobView }) {
  const { settings, result } = job
  const facts: readonly (readonly [string, string | null])[] = [
    ['Number', job.id],
    ['Submitted', instant(job.createdAt)],
    ['Ended', job.endedAt === null ? null : instant(job.endedAt)],
    ['Not before', Date.parse(job.runAt) > Date.now() ? instant(job.runAt) : null],
    ['On muxer', job.leasedBy],
    ['Only for muxer', job.muxer],
    ['Needs', job.needs.length === 0 ? null : job.needs.join(', ')],
    ['Priority', String(job.priority)],
    ['Ladder', ladderWords(settings.ladder)],
    ['Segments', settings.segments === 'ts' ? 'MPEG-TS' : 'fMP4'],
    ['Encrypted', settings.encrypt ? 'yes' : null],
    ['If there is HLS already', settings.onExists === 'fail' ? 'the job fails' : 'it is replaced'],
    ['Length', result === null ? null : duration(result.durationSeconds)],
    ['Size', result === null ? null : size(result.bytes)],
    ['Encoder', result?.encoder ?? null],
    ['Tried before it', result?.fallbacks.join('; ') || null],
    ['Warnings', result?.warnings.join('; ') || null],
  ]
  return (
    <dl class="card sheet">
      {facts
        .filter(([, value]) => value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}

function ladderWords(ladder: Ladder): string {
  if (ladder.mode === 'profile') return 'standard, never above the source'
  if (ladder.mode === 'multiplier')
    return `the source's bitrate × ${ladder.multipliers?.join(', ') ?? "the original muxer's multipliers"}`
  return ladder.renditions.map(({ height, kbps }) => `${height}p at ${kbps} kbit/s`).join(', ')
}
