import { ask, Refusal, session } from './ask.ts'
import { connect, disconnect } from './live.ts'

const retryMs = 2000
/** A session ends a day after it was last asked for. */
const renewMs = 3_600_000

/** Goes on with the session of an earlier visit, if there is one. */
export async function resumeSession(): Promise<void> {
  try {
    await ask('GET', '/v1/session')
    begin()
  } catch (error) {
    if (error instanceof Refusal && error.status !== 401) setTimeout(resumeSession, retryMs)
  }
}

/** The token is exchanged for a cookie that scripts cannot read, and kept nowhere. */
export async function signIn(token: string): Promise<void> {
  await ask('POST', '/v1/session', { token })
  begin()
}

export async function signOut(): Promise<void> {
  await ask('DELETE', '/v1/session')
  clearInterval(renewing)
  disconnect()
  session.value = 'out'
}

let renewing: ReturnType<typeof setInterval> | undefined

function begin(): void {
  session.value = 'in'
  connect()
  clearInterval(renewing)
  renewing = setInterval(() => ask('GET', '/v1/session').catch(() => undefined), renewMs)
}
