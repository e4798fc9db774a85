import { exitCodes } from '../../errors.ts'
import type { AttemptView, JobView } from '../../protocol/views.ts'
import { shellWord } from '../../shell-word.ts'
import type { Tools } from '../../tools.ts'
import { showTable } from '../../ui/show-table.ts'
import { visible } from '../../ui/visible.ts'
import { type ConnectOptions, connect } from '../controller/connect.ts'
import { readJobId } from './job-id.ts'
import { type Around, isOver, lookAround, progressOf } from './show-jobs.ts'

interface ShowOptions extends ConnectOptions {
  readonly id: string
  readonly json?: true
}

/** One job: what was asked, what became of it, each attempt with its ffmpeg line. */
export async function show(tools: Tools, options: ShowOptions): Promise<number> {
  const id = readJobId(options.id)
  const { client } = await connect(tools, options)
  const story = await client.job(id)
  if (options.json) tools.ui.answer(JSON.stringify(story, undefined, 2))
  else {
    const around = await lookAround(tools, client, [story.job])
    tools.ui.answer([about(story.job, around), ...story.attempts.map(attemptText)].join('\n\n'))
  }
  return exitCodes.done
}

function about(job: JobView, around: Around): string {
  const { settings } = job
  const facts: [string, string | undefined][] = [
    ['job', job.id],
    ['file', job.path],
    ['state', job.state],
    ['now', isOver(job) ? undefined : progressOf(job, around)],
    ['failure', job.failure === null ? undefined : `${job.failure.reason}: ${job.failure.detail}`],
    ['priority', String(job.priority)],
    ['only on', job.muxer ?? undefined],
    ['needs', job.needs.join(' ') || undefined],
    ['ladder', JSON.stringify(settings.ladder)],
    ['segments', `${settings.segments}${settings.encrypt ? ', encrypted' : ''}`],
    ['submitted', job.createdAt],
    ['ended', job.endedAt ?? undefined],
    ['playlist', job.result?.master],
    ['encoder', job.result?.encoder],
    ...(job.result?.renditions ?? []).map((rendition): [string, string] => [
      'rendition',
      `${rendition.width}x${rendition.height}  ${Math.round(rendition.averageBandwidth / 1000)} kbit/s  ${rendition.codecs}  ${rendition.playlist}`,
    ]),
    ...(job.result?.warnings ?? []).map((warning): [string, string] => ['warning', warning]),
  ]
  const rows = facts.filter((fact): fact is [string, string] => fact[1] !== undefined)
  return showTable([], rows).trimStart()
}

function attemptText(attempt: AttemptView): string {
  const { argv, reason, detail } = attempt
  const what = [
    `attempt ${attempt.attempt} on muxer ${attempt.muxer}: ${attempt.outcome}`,
    `  ${attempt.startedAt} to ${attempt.endedAt ?? 'now'}`,
    reason === null && detail === '' ? '' : `  ${[reason, detail].filter(Boolean).join(': ')}`,
    argv.length === 0 ? '' : `  ${argv.map(shellWord).join(' ')}`,
  ]
  return what
    .filter((line) => line !== '')
    .map(visible)
    .join('\n')
}
