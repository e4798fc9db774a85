import type { Selectable } from 'kysely'
import type { AttemptView, JobView } from '../../protocol/views.ts'
import type { Attempts, Jobs } from '../db/tables.ts'

export type JobRow = Selectable<Jobs>

/** A job as people see it. What is in the row was parsed when it came in. */
export function jobView(row: JobRow): JobView {
  const isLeased = row.state === 'leased'
  return {
    id: String(row.id),
    path: row.path,
    state: row.state,
    settings: JSON.parse(row.settings),
    priority: row.priority,
    muxer: row.muxer,
    needs: JSON.parse(row.needs),
    attempts: row.attempt,
    createdAt: instant(row.created_at),
    runAt: instant(row.run_at),
    endedAt: row.ended_at === null ? null : instant(row.ended_at),
    leasedBy: isLeased ? row.leased_by : null,
    progress: isLeased && row.progress !== null ? JSON.parse(row.progress) : null,
    result: row.result === null ? null : JSON.parse(row.result),
    failure:
      row.failure_reason === null
        ? null
        : { reason: row.failure_reason as never, detail: row.failure_detail ?? '' },
  }
}

/** Waits, or is a muxer's. */
export function isLive({ state }: JobRow): boolean {
  return state === 'queued' || state === 'leased'
}

/** The attempts that are over, and the one that runs. */
export function attemptViews(
  row: JobRow,
  ended: readonly Selectable<Attempts>[],
): readonly AttemptView[] {
  const views: AttemptView[] = ended.map((attempt) => ({
    attempt: attempt.attempt,
    muxer: attempt.muxer,
    startedAt: instant(attempt.started_at),
    endedAt: instant(attempt.ended_at),
    outcome: attempt.outcome,
    reason: attempt.reason as AttemptView['reason'],
    detail: attempt.detail,
    argv: JSON.parse(attempt.argv),
    logTail: attempt.log_tail,
  }))
  if (row.state !== 'leased' || row.leased_by === null || row.leased_at === null) return views
  return [
    ...views,
    {
      attempt: row.attempt,
      muxer: row.leased_by,
      startedAt: instant(row.leased_at),
      endedAt: null,
      outcome: 'running',
      reason: null,
      detail: '',
      argv: [],
      logTail: '',
    },
  ]
}

export function instant(ms: number): string {
  return new Date(ms).toISOString()
}
