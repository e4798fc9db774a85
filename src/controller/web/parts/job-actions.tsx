import { useRef, useState } from 'preact/hooks'
import type { JobView } from '../../../protocol/views.ts'
import { announce } from '../live/announce.ts'
import { ask } from '../live/ask.ts'
import { useAction } from '../live/use-action.ts'
import { ActButton } from './act-button.tsx'
import { Trouble } from './trouble.tsx'

interface JobActionsProps {
  readonly job: JobView
  onChange(job: JobView): void
}

/** Take it back, or give it another chance. What runs is taken back only after a question. */
export function JobActions({ job, onChange }: JobActionsProps) {
  const [isAsked, setAsked] = useState(false)
  const dialog = useRef<HTMLDialogElement>(null)
  const isRunning = job.state === 'leased'
  const isOver = !isRunning && job.state !== 'queued'
  const cancel = useAction(async () => {
    dialog.current?.close()
    onChange(await ask<JobView>('POST', `/v1/jobs/${job.id}/cancel`))
    setAsked(true)
    announce(isRunning ? 'Its Pi is told to stop' : 'The job was cancelled')
  })
  const retry = useAction(async () => {
    onChange(await ask<JobView>('POST', `/v1/jobs/${job.id}/retry`))
    setAsked(false)
    announce('The job waits again')
  })
  if (job.state === 'done') return null
  return (
    <div class="actions">
      {isOver ? (
        <ActButton action={retry} class="primary">
          Retry
        </ActButton>
      ) : (
        <button
          type="button"
          aria-disabled={cancel.isRunning}
          onClick={() => (isRunning ? dialog.current?.showModal() : cancel.run())}
        >
          Cancel
        </button>
      )}
      {isAsked && isRunning && <p class="note">Its Pi stops at its next sign of life.</p>}
      <Trouble refusal={isOver ? retry.refusal : cancel.refusal} />
      <dialog ref={dialog} aria-labelledby="cancel-question">
        <h2 id="cancel-question">Cancel this job?</h2>
        <p>What was made of it so far is thrown away.</p>
        <div class="actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Let it go on
          </button>
          <ActButton action={cancel} class="danger">
            Cancel the job
          </ActButton>
        </div>
      </dialog>
    </div>
  )
}
