import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyAuthMethod, AuthenticationType, Client } from 'ssh2'
import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Output } from './host.ts'
import { knownHosts } from './known-hosts.ts'

export interface SshTarget {
  readonly user: string
  readonly host: string
  readonly port: number
}

export interface SshOptions {
  /** The directory with `.ssh` in it. */
  readonly home: string
  /** A private key instead of the usual ones of `~/.ssh`. */
  readonly keyFile?: string | undefined
  /** The agent's socket. */
  readonly agent?: string | undefined
  /** Left out where nobody can be asked. */
  readonly askPassword?: ((question: string) => Promise<string>) | undefined
  /** Whether a host key that was never seen is the right one. */
  readonly trust: (question: string) => Promise<boolean>
  readonly signal: AbortSignal
}

/** One connection to another machine. */
export interface Remote {
  /**
   * Runs one command and waits for its end. Input and output are latin1: byte for byte. The status
   * is 255 where the connection ended first.
   */
  run(argv: readonly string[], input?: string): Promise<Output>
  /** Writes a file through `tee`. */
  put(path: string, text: string): Promise<Output>
  /** When the connection has ended, from whichever side. */
  readonly closed: Promise<void>
  close(): void
}

/** Connects. `again`: with the password of the first time, and without asking anything. */
export type SshConnect = (again?: 'again') => Promise<Remote>

const passwordTries = 3
const patienceMs = 10_000

/**
 * A way to that machine: keys, the agent, then a password that is asked for. Its host key must be
 * the one in known_hosts; one that is not there is shown and, when trusted, added. Throws a
 * `UserError` for a changed key and for a refused login; any other error means that nobody answered.
 */
export function sshTo(target: SshTarget, options: SshOptions): SshConnect {
  const hosts = knownHosts(options.home, target)
  const remembered: { password?: string } = {}
  return async (again) => {
    // Imported here since it costs 70 ms, and most runs connect to nothing.
    const { default: ssh2 } = await import('ssh2')
    const keys = await hosts.known()
    const logins = keyLogins(ssh2.utils.parseKey, options)
    const client = new ssh2.Client()
    await new Promise<void>((resolve, reject) => {
      const stop = (why: unknown) => {
        reject(why)
        client.destroy()
      }
      const patience = setTimeout(() => stop(new Error('no answer in time')), patienceMs)
      /** A person may take long to answer. */
      const unhurried = async <T>(question: Promise<T>): Promise<T> => {
        clearTimeout(patience)
        return await question
      }
      const interrupted = () => stop(options.signal.reason)
      options.signal.addEventListener('abort', interrupted, { once: true })
      const nextLogin = loginsInTurn(target, logins, remembered, unhurried, {
        ask: again === 'again' ? undefined : options.askPassword,
      })
      client
        .once('ready', () => {
          clearTimeout(patience)
          resolve()
        })
        .on('error', (error) => reject(asLoginError(error, target, options)))
        .once('close', () => {
          clearTimeout(patience)
          options.signal.removeEventListener('abort', interrupted)
          reject(new Error('the connection was closed'))
        })
        .connect({
          host: target.host,
          port: target.port,
          username: target.user,
          readyTimeout: 0,
          // So that a machine that vanishes without a word is noticed within ten seconds.
          keepaliveInterval: 2_000,
          keepaliveCountMax: 5,
          ...(options.agent === undefined ? {} : { agent: options.agent }),
          ...(keys.algorithms.length === 0
            ? {}
            : { algorithms: { serverHostKey: [...keys.algorithms] } }),
          hostVerifier: (key: Buffer, verified: (fine: boolean) => void) => {
            const trust = (question: string) => unhurried(options.trust(question))
            hosts.check(keys, key, trust).then(() => verified(true), stop)
          },
          authHandler: (left, _partial, next) => {
            nextLogin(left).then((login) => next(login as AnyAuthMethod), stop)
          },
        })
    })
    return remoteOver(client)
  }
}

/** Answers, each time the server wants another login, with the next one; false when there is none. */
function loginsInTurn(
  { user, host }: SshTarget,
  keys: readonly Login[],
  remembered: { password?: string },
  unhurried: <T>(question: Promise<T>) => Promise<T>,
  { ask }: { readonly ask: SshOptions['askPassword'] },
) {
  const untried = [...keys]
  let tries = 0
  return async (left: readonly AuthenticationType[] | null): Promise<AnyAuthMethod | false> => {
    const key = untried.shift()
    if (key !== undefined) return { ...key, username: user }
    if (left !== null && !left.includes('password')) return false
    if (remembered.password === undefined || tries > 0) {
      if (ask === undefined || tries === passwordTries) return false
      const wrong = tries > 0 ? 'That was not it. ' : ''
      remembered.password = await unhurried(ask(`${wrong}Password of ${user}@${host}:`))
    }
    tries += 1
    return { type: 'password', username: user, password: remembered.password }
  }
}

type Login =
  | { readonly type: 'publickey'; readonly key: string }
  | { readonly type: 'agent'; readonly agent: string }

function keyLogins(
  parseKey: (text: string) => unknown,
  { home, keyFile, agent }: SshOptions,
): readonly Login[] {
  const usual = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(home, '.ssh', name))
  const keys = (keyFile === undefined ? usual : [keyFile]).flatMap((file): readonly Login[] => {
    const key = keyIn(file, keyFile !== undefined)
    if (key === undefined) return []
    if (!(parseKey(key) instanceof Error)) return [{ type: 'publickey', key }]
    if (keyFile === undefined) return []
    throw new UserError(`${quoted(file)} is no key that can be used as it is`, {
      hint: 'one with a passphrase goes into the agent: ssh-add',
    })
  })
  return [...keys, ...(agent === undefined ? [] : [{ type: 'agent' as const, agent }])]
}

function keyIn(file: string, mustBeThere: boolean): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    if (!mustBeThere) return undefined
    throw new UserError(`cannot read the key ${quoted(file)}`, { cause })
  }
}

function asLoginError(
  error: Error & { readonly level?: string },
  { user, host }: SshTarget,
  { askPassword }: SshOptions,
): Error {
  if (error.level !== 'client-authentication') return error
  return new UserError(`${user}@${host} refuses the login`, {
    hint:
      askPassword === undefined
        ? 'no key was taken, and without a terminal no password can be asked for: see --key'
        : 'none of the keys and passwords was taken',
    exitCode: exitCodes.putBack,
  })
}

function remoteOver(client: Client): Remote {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))

  async function run(argv: readonly string[], input = ''): Promise<Output> {
    const said = { code: 255, stdout: '', stderr: '' }
    const ended = new Promise<void>((resolve, reject) => {
      // Throws where the connection has ended already.
      client.exec(argv.map(shellWord).join(' '), (error, channel) => {
        if (error) return reject(error)
        channel
          .on('data', (bytes: Buffer) => {
            said.stdout += bytes.toString('latin1')
          })
          .on('exit', (status: number | null) => {
            said.code = status ?? 255
          })
          .on('close', () => resolve())
          .stderr.on('data', (bytes: Buffer) => {
            said.stderr += bytes.toString('latin1')
          })
        channel.end(Buffer.from(input, 'latin1'))
      })
    })
    try {
      await Promise.race([ended, closed])
      return said
    } catch (error) {
      return { ...said, stderr: error instanceof Error ? error.message : String(error) }
    }
  }

  return {
    run,
    put: (path, text) => run(['tee', '--', path], text),
    closed,
    close: () => client.end(),
  }
}

/** SSH has no argv: the far side's shell takes one line apart again. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
