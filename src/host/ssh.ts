import type { AnyAuthMethod, Client, ConnectConfig } from 'ssh2'
import { knownHosts } from './known-hosts.ts'
import type { SshConnect, SshOptions, SshTarget } from './remote.ts'
import { agentAt, type SocketAgent } from './ssh-agent.ts'
import { type Attempt, connectFailure } from './ssh-failure.ts'
import { keyLogins, loginsInTurn } from './ssh-logins.ts'
import { remoteOver } from './ssh-remote.ts'

const patienceMs = 10_000

/**
 * A way to that machine: keys, the agent, then a password that is asked for. Its host key must be
 * the one in known_hosts; one that is not there is shown and, when trusted, added. Every failure is
 * a `UserError`.
 */
export function sshTo(target: SshTarget, options: SshOptions): SshConnect {
  const hosts = knownHosts(options, target)
  const remembered: { password?: string } = {}
  return async (again) => {
    const askPassword = again === 'again' ? undefined : options.askPassword
    // Imported here since it costs 70 ms, and most runs connect to nothing.
    const { default: ssh2 } = await import('ssh2')
    const keys = await keyLogins(ssh2.utils.parseKey, { ...options, askPassword })
    const client = new ssh2.Client()
    const algorithms = hosts.algorithms()
    const attempt: Attempt = { logins: 0, agentFailed: false }
    let agent: SocketAgent | undefined
    await ready(client, options.signal, target, attempt, (unhurried, refuse) => {
      if (options.agent !== undefined)
        agent = agentAt(ssh2.OpenSSHAgent, options.agent, unhurried, options.agentPatienceMs)
      const logins =
        agent === undefined ? keys : [...keys, { type: 'agent', agent: agent.agent } as const]
      const nextLogin = loginsInTurn(target, logins, remembered, (question) =>
        unhurried(askPassword?.(question)),
      )
      return {
        host: target.host,
        port: target.port,
        username: target.user,
        readyTimeout: 0,
        // So that a machine that vanishes without a word is noticed, here and by whoever waits for it.
        keepaliveInterval: 3_000,
        keepaliveCountMax: 5,
        ...(algorithms.length > 0 && { algorithms: { serverHostKey: [...algorithms] } }),
        hostVerifier: (key: Buffer, verified: (fine: boolean) => void) => {
          const checked = hosts.check(key, (shown) => unhurried(options.trust(shown)))
          checked.then(() => verified(true), refuse)
        },
        authHandler: (left, _partial, next) => {
          attempt.logins += 1
          nextLogin(left).then((login) => next(login as AnyAuthMethod), refuse)
        },
      }
    })
      .catch((error) => {
        options.signal.throwIfAborted()
        throw connectFailure(target, error, { ...options, askPassword }, { ...attempt, agent })
      })
      .finally(() => agent?.hangUp())
    return remoteOver(client, target)
  }
}

type Unhurried = <T>(question: Promise<T> | undefined) => Promise<T | undefined>

/** Connects, and waits until it may be used. */
async function ready(
  client: Client,
  signal: AbortSignal,
  { host, port }: SshTarget,
  attempt: Attempt,
  config: (unhurried: Unhurried, refuse: (why: unknown) => void) => ConnectConfig,
): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    const stop = (why: unknown) => {
      reject(why)
      client.destroy()
    }
    let unanswered = 0
    const patience = setTimeout(() => {
      if (unanswered > 0) patience.refresh()
      else stop(new Error(`${host}:${port} does not answer`))
    }, patienceMs)
    /** A person may take long to answer, and the machine then has all its time again. */
    const unhurried: Unhurried = async (question) => {
      unanswered += 1
      try {
        return await question
      } finally {
        unanswered -= 1
        patience.refresh()
      }
    }
    const interrupted = () => stop(signal.reason)
    signal.addEventListener('abort', interrupted, { once: true })
    client
      .once('ready', () => {
        clearTimeout(patience)
        signal.removeEventListener('abort', interrupted)
        resolve()
      })
      .on('error', (error) => {
        // ssh2 goes on to the next login by itself.
        if (error.level === 'agent') attempt.agentFailed = true
        else stop(error)
      })
      .once('close', () => {
        clearTimeout(patience)
        signal.removeEventListener('abort', interrupted)
        reject(new Error('the connection was closed'))
      })
    try {
      client.connect(config(unhurried, stop))
    } catch (error) {
      stop(error)
    }
  })
}
