import { useEffect, useRef } from 'preact/hooks'
import { announceEnds } from './live/announce.ts'
import { session } from './live/ask.ts'
import { Announcement } from './parts/announcement.tsx'
import { Header } from './parts/header.tsx'
import { LostConnection } from './parts/lost-connection.tsx'
import { route } from './route.ts'
import { FarmView } from './views/farm.tsx'
import { JobStoryView } from './views/job-story.tsx'
import { JobsView } from './views/jobs.tsx'
import { NotFoundView } from './views/not-found.tsx'
import { SignInView } from './views/sign-in.tsx'
import { SubmitView } from './views/submit.tsx'

/** The frame, and in it the view that the address names. */
export function App() {
  const isIn = session.value === 'in'
  useEffect(() => (isIn ? announceEnds() : undefined), [isIn])
  const main = useFocusedMain()
  if (session.value === 'unknown') return <p class="alone">Looking for the controller…</p>
  if (!isIn) return <SignInView />
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header />
      <LostConnection />
      <main ref={main} tabIndex={-1}>
        <View />
      </main>
      <Announcement />
    </>
  )
}

function View() {
  const { parts } = route.value
  const [name = '', id] = parts
  if (parts.length === 0) return <FarmView />
  if (name === 'jobs' && id === undefined) return <JobsView />
  if (name === 'jobs' && id !== undefined && parts.length === 2)
    return <JobStoryView key={id} id={id} />
  if (name === 'submit' && parts.length === 1) return <SubmitView />
  return <NotFoundView />
}

/** Another view begins at its heading, as another page would: for the keyboard and for screen readers. */
function useFocusedMain() {
  const main = useRef<HTMLElement>(null)
  const view = route.value.parts.join('/')
  const shown = useRef(view)
  useEffect(() => {
    if (shown.current === view) return
    shown.current = view
    main.current?.focus()
    scrollTo(0, 0)
  }, [view])
  return main
}
