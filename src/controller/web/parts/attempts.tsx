import type { AttemptView } from '../../../protocol/views.ts'
import type { Standing } from '../words/job-state.ts'
import { shellLine } from '../words/shell-line.ts'
import { duration, instant } from '../words/time.ts'
import { Badge } from './badge.tsx'
import { CopyButton } from './copy-button.tsx'

const standings: Readonly<Record<AttemptView['outcome'], Standing>> = {
  running: { word: 'Running', tone: 'busy' },
  complete: { word: 'Complete', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
  released: { word: 'Given back', tone: 'calm' },
  expired: { word: 'Fell silent', tone: 'warn' },
  cancelled: { word: 'Cancelled', tone: 'calm' },
}

/** Each attempt, the newest first, with the exact ffmpeg line and the end of its log. */
export function Attempts({ attempts }: { attempts: readonly AttemptView[] }) {
  if (attempts.length === 0) return <p class="empty">No Pi has taken it yet.</p>
  return (
    <ol class="attempts" reversed>
      {attempts.toReversed().map((attempt) => (
        <li key={attempt.attempt} class="card">
          <Attempt attempt={attempt} />
        </li>
      ))}
    </ol>
  )
}

function Attempt({ attempt }: { attempt: AttemptView }) {
  const { outcome, reason, detail, argv, logTail } = attempt
  return (
    <>
      <div class="muxer-head">
        <h3>
          Attempt {attempt.attempt} on muxer {attempt.muxer}
        </h3>
        <Badge {...standings[outcome]} />
      </div>
      <p class="note">{timesOf(attempt)}</p>
      {(reason !== null || detail !== '') && (
        <p class="detail">
          {reason !== null && <strong>{reason}. </strong>}
          {detail}
        </p>
      )}
      {argv.length > 0 && <Text title="ffmpeg line" text={shellLine(argv)} />}
      {logTail !== '' && <Text title="End of the log" text={logTail} />}
    </>
  )
}

function Text({ title, text }: { title: string; text: string }) {
  return (
    <details>
      <summary>{title}</summary>
      <CopyButton what={title} text={text} />
      <section class="scrolls" tabIndex={0} aria-label={title}>
        <pre>{text}</pre>
      </section>
    </details>
  )
}

function timesOf({ startedAt, endedAt }: AttemptView): string {
  if (endedAt === null) return `since ${instant(startedAt)}`
  const seconds = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000
  return `${instant(startedAt)}, for ${duration(seconds)}`
}
