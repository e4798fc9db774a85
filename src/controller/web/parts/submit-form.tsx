import { useState } from 'preact/hooks'
import type { Submitted } from '../../../protocol/views.ts'
import { announce } from '../live/announce.ts'
import { ask, Refusal } from '../live/ask.ts'
import { muxers } from '../live/live.ts'
import { useAction } from '../live/use-action.ts'
import { go } from '../route.ts'
import { partWords } from '../words/wish-part.ts'
import { PathName } from './path-name.tsx'
import { Trouble } from './trouble.tsx'

const ladders = {
  profile: 'Standard: up to 1080p, never above the source',
  multiplier: "The original muxer's: the source's bitrate, and parts of it",
} as const

const replaceWords = 'Replace HLS that is there already'

interface SubmitFormProps {
  readonly path: string | undefined
  /** There is HLS of this file already. */
  readonly isMade: boolean
}

/** The wish, with what most people want filled in. */
export function SubmitForm({ path, isMade }: SubmitFormProps) {
  const [mode, setMode] = useState<keyof typeof ladders>('profile')
  const [segments, setSegments] = useState('ts')
  const [encrypt, setEncrypt] = useState(false)
  const [replace, setReplace] = useState(false)
  const [priority, setPriority] = useState('50')
  const [muxer, setMuxer] = useState('')
  const action = useAction(async () => {
    if (path === undefined) throw new Refusal(0, 'no file is chosen', 'choose one in the list')
    const job = await ask<Submitted>('POST', '/v1/jobs', {
      path,
      settings: {
        ladder: { mode },
        segments,
        encrypt,
        onExists: replace ? 'replace' : 'fail',
      },
      priority: Number(priority),
      muxer: muxer === '' ? null : muxer,
    })
    announce(told(path, job))
    go(`#/jobs/${job.id}`)
  })
  return (
    <form
      class="card form"
      onSubmit={(event) => {
        event.preventDefault()
        action.run()
      }}
    >
      <p class="chosen">{path === undefined ? 'Choose a file first.' : <PathName path={path} />}</p>
      <fieldset>
        <legend>Ladder</legend>
        {Object.entries(ladders).map(([value, text]) => (
          <label key={value} class="check">
            <input
              type="radio"
              name="ladder"
              checked={mode === value}
              onChange={() => setMode(value as keyof typeof ladders)}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <label class="field">
        <span>Segments</span>
        <select value={segments} onChange={(event) => setSegments(event.currentTarget.value)}>
          <option value="ts">MPEG-TS: every player</option>
          <option value="fmp4">fMP4: smaller, newer players</option>
        </select>
      </label>
      <label class="field">
        <span>Priority, 0 to 100</span>
        <input
          type="number"
          min={0}
          max={100}
          step={1}
          required
          value={priority}
          onInput={(event) => setPriority(event.currentTarget.value)}
        />
      </label>
      <label class="field">
        <span>Made by</span>
        <select value={muxer} onChange={(event) => setMuxer(event.currentTarget.value)}>
          <option value="">whichever Pi is free</option>
          {[...(muxers.value?.values() ?? [])].map(({ id, hostname }) => (
            <option key={id} value={id}>
              {hostname === '' ? `muxer ${id}` : `${hostname} (muxer ${id})`}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={encrypt}
          onChange={(event) => setEncrypt(event.currentTarget.checked)}
        />
        Encrypt the segments (AES-128)
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={replace}
          onChange={(event) => setReplace(event.currentTarget.checked)}
        />
        {replaceWords}
      </label>
      {isMade && !replace && (
        <p class="note warn">
          There is HLS of this file. Without replacing it no job is made of it again.
        </p>
      )}
      <Trouble refusal={inWordsOfTheForm(action.refusal)} />
      <button type="submit" class="primary" aria-disabled={action.isRunning}>
        Submit
      </button>
    </form>
  )
}

/** The controller names the field of its API, which is a box here. */
function inWordsOfTheForm(refusal: Refusal | undefined): Refusal | undefined {
  if (refusal?.field !== 'settings.onExists') return refusal
  return new Refusal(refusal.status, refusal.message, `to make it anew, tick “${replaceWords}”`)
}

function told(path: string, { id, takenOver, notTakenOver }: Submitted): string {
  if (takenOver.length + notTakenOver.length === 0) return `${path} is job ${id}`
  const taken = takenOver.length === 0 ? '' : `; it took over: ${partWords(takenOver)}`
  const kept = notTakenOver.length === 0 ? '' : `; it keeps its own: ${partWords(notTakenOver)}`
  return `${path} was job ${id} already${taken}${kept}`
}
