import type { Progress } from '../../../protocol/agent-api.ts'
import { stepOf } from '../words/job-state.ts'
import { duration } from '../words/time.ts'

/** How far a job is. Before its first sign of life nobody knows. */
export function ProgressBar({ of, progress }: { of: string; progress: Progress | null }) {
  if (progress === null)
    return (
      <div class="progress">
        <progress aria-label={`Progress of ${of}`} />
        <p class="progress-words">just begun</p>
      </div>
    )
  const percent = Math.floor(progress.percent)
  return (
    <div class="progress">
      <progress aria-label={`Progress of ${of}`} max={100} value={progress.percent} />
      <p class="progress-words">
        <strong>{percent} %</strong> <span>{stepOf(progress)}</span>
        {progress.etaSeconds !== null && <span>{duration(progress.etaSeconds)} to go</span>}
      </p>
    </div>
  )
}
