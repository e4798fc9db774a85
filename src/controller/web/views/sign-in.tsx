import { useEffect, useRef, useState } from 'preact/hooks'
import { signIn } from '../live/session.ts'
import { useAction } from '../live/use-action.ts'
import { Mark } from '../parts/mark.tsx'
import { Trouble } from '../parts/trouble.tsx'

/** Asks for the admin token. */
export function SignInView() {
  const [token, setToken] = useState('')
  const action = useAction(() => signIn(token.trim()))
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    document.title = 'Sign in · pifarm'
    field.current?.focus()
  }, [])
  return (
    <main class="sign-in">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault()
          action.run()
        }}
      >
        <h1>
          <Mark /> pifarm
        </h1>
        <label for="token">Admin token</label>
        <input
          ref={field}
          id="token"
          type="password"
          autocomplete="current-password"
          aria-describedby="token-where"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p id="token-where" class="note">
          It stands in the file <code>admin-token</code> of pifarm's state directory on the NAS:{' '}
          <code>sudo cat /var/lib/pifarm/admin-token</code>
        </p>
        <Trouble refusal={action.refusal} />
        <button type="submit" class="primary" aria-disabled={action.isRunning}>
          Sign in
        </button>
        {isReadable() && (
          <p class="note">
            This connection is not encrypted: whoever listens on the network can read the token. The
            controller speaks HTTPS with <code>--tls-cert</code> and <code>--tls-key</code>.
          </p>
        )}
      </form>
    </main>
  )
}

function isReadable(): boolean {
  return location.protocol === 'http:' && !/^(localhost|127\.|\[::1\])/.test(location.hostname)
}
