import type { MuxerView } from '../../../protocol/views.ts'
import { announce } from '../live/announce.ts'
import { ask } from '../live/ask.ts'
import { type HeardMuxer, hearMuxers } from '../live/live.ts'
import { useAction } from '../live/use-action.ts'
import { muxerNotes, muxerStanding, notUsed, silentFor } from '../words/muxer-standing.ts'
import { duration } from '../words/time.ts'
import { ActButton } from './act-button.tsx'
import { Badge } from './badge.tsx'
import { PathName } from './path-name.tsx'
import { ProgressBar } from './progress-bar.tsx'
import { Trouble } from './trouble.tsx'

/** One Pi: what it is, what it does, how it is, and whether it gets more to do. */
export function MuxerCard({ muxer }: { muxer: HeardMuxer }) {
  const name = muxer.hostname === '' ? `Muxer ${muxer.id}` : muxer.hostname
  const notes = muxerNotes(muxer)
  return (
    <li class="card muxer">
      <div class="muxer-head">
        <h3>{name}</h3>
        <Badge {...muxerStanding(muxer)} />
      </div>
      <p class="note">
        muxer {muxer.id}
        {muxer.model !== '' && ` · ${muxer.model}`}
      </p>
      {muxer.job !== null && (
        <div class="muxer-job">
          <a href={`#/jobs/${muxer.job.id}`}>
            <PathName path={muxer.job.path} />
          </a>
          <ProgressBar of={muxer.job.path} progress={muxer.job.progress} />
        </div>
      )}
      <Facts muxer={muxer} />
      <NotUsed muxer={muxer} />
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map((note) => (
            <li key={note}>{note}</li>
          ))}
        </ul>
      )}
      <DrainButton muxer={muxer} name={name} />
    </li>
  )
}

function Facts({ muxer }: { muxer: HeardMuxer }) {
  const { state, job, capabilities } = muxer
  const progress = job?.progress ?? null
  const encoder = progress?.encoder ?? capabilities.encoders[0]
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Last seen', `${duration(silentFor(muxer))} ago`],
    ['Frames/s', progress?.fps == null ? undefined : progress.fps.toFixed(1)],
    ['Speed', progress?.speed == null ? undefined : `${progress.speed.toFixed(2)} ×`],
    ['Temperature', state.celsius === null ? undefined : `${state.celsius.toFixed(0)} °C`],
    ['Encoder', encoder],
  ]
  return (
    <dl class="facts">
      {facts
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  )
}

function NotUsed({ muxer }: { muxer: HeardMuxer }) {
  const tried = notUsed(muxer)
  if (tried.length === 0) return null
  return (
    <details class="not-used">
      <summary>Not used here</summary>
      <ul>
        {tried.map((each) => (
          <li key={each}>{each}</li>
        ))}
      </ul>
    </details>
  )
}

function DrainButton({ muxer, name }: { muxer: HeardMuxer; name: string }) {
  const isOut = muxer.drained || muxer.quarantined !== null
  const action = useAction(async () => {
    const change = isOut ? 'resume' : 'drain'
    hearMuxers(await ask<MuxerView>('POST', `/v1/muxers/${muxer.id}/${change}`))
    announce(isOut ? `${name} gets jobs again` : `${name} finishes its job and gets no other`)
  })
  return (
    <div class="muxer-foot">
      <ActButton action={action} label={`${isOut ? 'Resume' : 'Drain'} ${name}`}>
        {isOut ? 'Resume' : 'Drain'}
      </ActButton>
      <Trouble refusal={action.refusal} />
    </div>
  )
}
