import { exitCodes, UserError } from '../errors.ts'
import type { SshOptions, SshTarget } from './remote.ts'
import type { SocketAgent } from './ssh-agent.ts'

const wired = 'see to its cable and power'
const hints: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there: enable ssh on it (raspi-config, Interface Options)',
  ENOTFOUND: 'nobody knows that name: give its address',
  EAI_AGAIN: 'nobody knows that name: give its address',
  EHOSTUNREACH: `it is not on the network: ${wired}`,
  ENETUNREACH: `it is not on the network: ${wired}`,
  ETIMEDOUT: `it does not answer: ${wired}`,
}

/** How far a connection came. */
export interface Attempt {
  /** How often the server has asked for one. */
  logins: number
  /** The agent did not answer, or would not sign. */
  agentFailed: boolean
}

/** Why no connection came about, in a person's words. */
export function connectFailure(
  { user, host, port }: SshTarget,
  error: Error & { readonly level?: string; readonly code?: string | number },
  options: Ways,
  attempt: Attempt & { readonly agent: Pick<SocketAgent, 'isAsked' | 'wasSilent'> | undefined },
): UserError {
  if (error instanceof UserError) return error
  const isRefused = error.level === 'client-authentication'
  // The server does not wait without end either, and may close the connection first.
  if (attempt.agent?.isAsked() || (isRefused && attempt.agent?.wasSilent()))
    return new UserError(
      `no login to ${user}@${host}: the ssh agent at SSH_AUTH_SOCK ${options.agent} does not answer`,
      {
        hint: `a key of it may wait for a touch; ${options.keyFlag} names a key file, which is tried first`,
        exitCode: exitCodes.putBack,
      },
    )
  if (isRefused)
    return new UserError(`${user}@${host} refuses the login`, {
      hint: untaken(options, attempt),
      exitCode: exitCodes.putBack,
    })
  // A number is what the server has sent with its goodbye: it lets only so many logins be tried.
  if (typeof error.code === 'number' && attempt.logins > 0)
    return new UserError(`${user}@${host} refuses the login: ${error.message}`, {
      hint: `your ssh agent and ~/.ssh may have more keys than it lets you try: ${options.keyFlag} names the right one, which is tried first`,
      exitCode: exitCodes.putBack,
    })
  return new UserError(
    `cannot reach ${user}@${host}${port === 22 ? '' : `:${port}`}: ${error.message}`,
    {
      hint: hints[error.code ?? ''] ?? 'is it on, and is ssh enabled on it?',
      exitCode: exitCodes.putBack,
      cause: error,
    },
  )
}

type Ways = Pick<SshOptions, 'agent' | 'agentHidden' | 'askPassword' | 'keyFlag'>

function untaken({ agent, agentHidden, askPassword, keyFlag }: Ways, attempt: Attempt): string {
  const hints = [
    askPassword === undefined
      ? `no key was taken, and without a terminal no password can be asked for: see ${keyFlag}`
      : `none of the keys and passwords was taken: ssh-copy-id brings your key there, ${keyFlag} names one`,
  ]
  if (attempt.agentFailed) hints.push(`the ssh agent at SSH_AUTH_SOCK ${agent} could not be used`)
  if (agentHidden)
    hints.push('an ssh agent is seen behind sudo by: sudo --preserve-env=SSH_AUTH_SOCK')
  return hints.join('; ')
}

/** A connection that ended before what was asked of it. */
export function lostConnection({ user, host }: Pick<SshTarget, 'user' | 'host'>): UserError {
  return new UserError(`the connection to ${user}@${host} was lost`, {
    hint: 'nothing was kept of it; see to the cable and the power, and run the command again',
    exitCode: exitCodes.putBack,
  })
}
