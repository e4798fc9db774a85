import { link } from '../live/live.ts'

/** Stays in the page while it is empty: a live region that comes with its text is often not read. */
export function LostConnection() {
  return (
    <div role="alert" class="lost">
      {link.value === 'lost' && (
        <p>
          <strong>Connection lost.</strong> What you see may be old. The Pis work on without the
          controller, and this page comes back by itself.
        </p>
      )}
    </div>
  )
}
