import { useState } from 'preact/hooks'
import { MediaPicker } from '../parts/media-picker.tsx'
import { SubmitForm } from '../parts/submit-form.tsx'
import { ViewTitle } from '../parts/view-title.tsx'
import { route } from '../route.ts'

/** Choose a file of the media directory, and say what is to be made of it. */
export function SubmitView() {
  const dir = route.value.query.get('dir') ?? ''
  const [chosen, setChosen] = useState<{ path: string; isMade: boolean }>()
  const current = chosen !== undefined && dirOf(chosen.path) === dir ? chosen : undefined
  return (
    <>
      <ViewTitle text="Submit a video" />
      <div class="halves">
        <section aria-labelledby="file">
          <h2 id="file">The file</h2>
          <MediaPicker
            dir={dir}
            chosen={current?.path}
            choose={(path, isMade) => setChosen({ path, isMade })}
          />
        </section>
        <section aria-labelledby="wish">
          <h2 id="wish">What is made of it</h2>
          <SubmitForm path={current?.path} isMade={current?.isMade ?? false} />
        </section>
      </div>
    </>
  )
}

function dirOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}
