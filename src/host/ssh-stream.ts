import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { AnyAuthMethod, AuthenticationType, Client, ClientChannel, ConnectConfig } from 'ssh2'
import { exitCodes, quoted, UserError } from '../errors.ts'
import type { Remote, RemoteQuestions, RemoteStream, RemoteTarget } from './remote.ts'
import { judgeHostKey, knownKeyTypes } from './trust.ts'

const readyTimeout = 20_000
/** A cable that was pulled is noticed after three of these. */
const keepalive = 10_000
const mostPasswords = 3

/**
 * Connects over ssh: with the given key, else the agent's, else a password. A host that is not in
 * known_hosts is asked about, one whose key has changed is refused. Every failure is a `UserError`.
 */
export async function connectSsh(
  target: RemoteTarget,
  questions: RemoteQuestions,
  signal: AbortSignal,
): Promise<Remote> {
  // Imported here since it costs 70 ms, and most runs connect nowhere.
  const { default: ssh2 } = await import('ssh2')
  const client = new ssh2.Client()
  const stop = () => client.destroy()
  signal.addEventListener('abort', stop)
  try {
    await ready(client, target, questions, ssh2.utils.parseKey)
  } catch (error) {
    signal.removeEventListener('abort', stop)
    client.destroy()
    signal.throwIfAborted()
    throw error
  }
  return {
    ask: (argv) => ask(client, target, argv, signal),
    read: (argv) => read(client, target, argv, signal),
    close() {
      signal.removeEventListener('abort', stop)
      client.end()
    },
  }
}

type ParseKey = typeof import('ssh2').utils.parseKey

async function ready(
  client: Client,
  target: RemoteTarget,
  questions: RemoteQuestions,
  parseKey: ParseKey,
): Promise<void> {
  const { host, port, user: username, knownHosts } = target
  // A question's own refusal says more than the broken handshake that follows from it.
  let refusal: unknown
  const refuse = (error: unknown) => {
    refusal ??= error
  }
  const known = knownKeyTypes(knownHosts, host, port).flatMap(signaturesOf)
  const config: ConnectConfig = {
    host,
    port,
    username,
    readyTimeout: 0,
    timeout: readyTimeout,
    keepaliveInterval: keepalive,
    keepaliveCountMax: 3,
    authHandler: authHandler(target, questions, parseKey, refuse),
    hostVerifier: (key: Buffer, verify: (isRight: boolean) => void) => {
      judge(target, questions, key).then(
        () => verify(true),
        (error) => {
          refuse(error)
          verify(false)
        },
      )
    },
    ...(known.length > 0 && { algorithms: { serverHostKey: known as never } }),
  }
  await new Promise<void>((resolve, reject) => {
    client.once('ready', resolve)
    client.once('close', () => reject(refusal ?? lost(target)))
    client.on('error', (error) => reject(refusal ?? connectFailure(target, error)))
    try {
      client.connect(config)
    } catch (error) {
      reject(connectFailure(target, error))
    }
  })
}

/** The signatures that a host key of this type can make: old RSA names stand for newer hashes. */
function signaturesOf(type: string): readonly string[] {
  return type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'] : [type]
}

async function judge(
  target: RemoteTarget,
  questions: RemoteQuestions,
  blob: Buffer,
): Promise<void> {
  const type = blob.toString('latin1', 4, 4 + blob.readUInt32BE(0))
  const base64 = blob.toString('base64')
  const sum = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  const key = { type, base64, fingerprint: `SHA256:${sum}` }
  const verdict = judgeHostKey(target.knownHosts, target, key)
  if (verdict === 'known') return
  if (verdict === 'revoked')
    throw new UserError(`the host key of ${target.host} is revoked: ${key.fingerprint}`)
  if (verdict === 'changed')
    throw new UserError(`the host key of ${target.host} is not the known one: ${key.fingerprint}`, {
      hint: `another machine answers, or it was installed anew; then forget the old key: ssh-keygen -R ${target.host}`,
    })
  if (await questions.trust(key)) return
  throw new UserError(`the host key of ${target.host} is not trusted`, {
    exitCode: exitCodes.declined,
  })
}

function authHandler(
  { user: username, key, agent, host }: RemoteTarget,
  questions: RemoteQuestions,
  parseKey: ParseKey,
  refuse: (error: unknown) => void,
): NonNullable<ConnectConfig['authHandler']> {
  let passwords = 0
  async function* methods(): AsyncGenerator<AnyAuthMethod> {
    if (key !== undefined) yield { type: 'publickey', username, ...(await unlocked(key)) }
    if (agent !== undefined) yield { type: 'agent', username, agent }
    while (passwords++ < mostPasswords) {
      const password = await questions.password(`Password of ${username}@${host}`)
      if (password === undefined) return
      yield { type: 'password', username, password }
    }
  }
  async function unlocked(text: string) {
    if (!(parseKey(text) instanceof Error)) return { key: text }
    const passphrase = await questions.password('Passphrase of the key')
    const parsed = parseKey(text, passphrase)
    if (parsed instanceof Error)
      throw new UserError(`the ssh key cannot be used: ${parsed.message}`)
    return { key: text, ...(passphrase !== undefined && { passphrase }) }
  }
  const next = methods()
  return (methodsLeft, _partial, callback) => {
    // The first call comes before the server has said what it takes.
    const isPossible = ({ type }: { readonly type: AuthenticationType }) =>
      methodsLeft === null || methodsLeft.includes(type === 'agent' ? 'publickey' : type)
    async function choose(): Promise<AnyAuthMethod | false> {
      for (;;) {
        const { value, done } = await next.next()
        if (done) return false
        if (isPossible(value as { type: AuthenticationType })) return value
      }
    }
    choose().then(
      (method) => callback(method as AnyAuthMethod),
      (error) => {
        refuse(error)
        callback(false as never)
      },
    )
  }
}

async function ask(
  client: Client,
  target: RemoteTarget,
  argv: readonly string[],
  signal: AbortSignal,
) {
  const { bytes, ended } = read(client, target, argv, signal)
  const chunks: Buffer[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return { stdout: Buffer.concat(chunks).toString('utf8'), ...(await ended) }
}

function read(
  client: Client,
  target: RemoteTarget,
  argv: readonly string[],
  signal: AbortSignal,
): RemoteStream {
  let finish: (end: { code: number; stderr: string }) => void = () => undefined
  const ended = new Promise<{ code: number; stderr: string }>((resolve) => {
    finish = resolve
  })
  async function* bytes(): AsyncGenerator<Buffer> {
    const { channel, over, said } = await open(client, target, argv)
    const cut = () => channel.destroy()
    client.once('close', cut)
    let isCut = false
    try {
      for await (const chunk of channel) yield chunk as Buffer
      await over
    } catch {
      isCut = true
    } finally {
      client.off('close', cut)
    }
    signal.throwIfAborted()
    // A command that ended says with what; a connection that broke says nothing.
    const { code, stderr } = said()
    if (isCut || code === undefined) throw lost(target)
    finish({ code, stderr })
  }
  return { bytes: bytes(), ended }
}

interface Watched {
  readonly channel: ClientChannel
  readonly over: Promise<unknown>
  /** A command that ended has a code. */
  said(): { readonly code: number | undefined; readonly stderr: string }
}

/** At once when it opens: the end of a short command comes in the same packet as its beginning. */
function watch(channel: ClientChannel): Watched {
  let code: number | undefined
  let stderr = ''
  channel.on('exit', (status: number | null) => {
    code = status ?? 128
  })
  channel.stderr.on('data', (data: Buffer) => {
    stderr = (stderr + data.toString('utf8')).slice(-65_536)
  })
  const over = once(channel, 'close')
  over.catch(() => undefined)
  return { channel, over, said: () => ({ code, stderr }) }
}

async function open(
  client: Client,
  target: RemoteTarget,
  argv: readonly string[],
): Promise<Watched> {
  return await new Promise((resolve, reject) => {
    // ssh knows no argv: what it sends is a line that the shell over there takes apart.
    const line = argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')
    const broken = () => reject(lost(target))
    client.once('close', broken)
    try {
      client.exec(line, (error, channel) => {
        client.off('close', broken)
        if (error) reject(lost(target))
        else resolve(watch(channel))
      })
    } catch {
      reject(lost(target))
    }
  })
}

function lost({ user, host }: RemoteTarget): UserError {
  return new UserError(`the connection to ${user}@${host} was lost`, {
    hint: 'nothing was kept of it; see to the cable and the power, and run the command again',
    exitCode: exitCodes.putBack,
  })
}

function connectFailure(target: RemoteTarget, error: unknown): UserError {
  const { user, host, port } = target
  const { message, level, code } = error as Error & { level?: string; code?: string }
  if (level === 'client-authentication')
    return new UserError(`${host} does not let ${user} in`, {
      hint: 'copy your key there with ssh-copy-id, name it with --ssh-identity, or check the password',
    })
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'nothing listens there: enable ssh on it (raspi-config, Interface Options)',
    ENOTFOUND: 'nobody knows that name: give its address',
    EAI_AGAIN: 'nobody knows that name: give its address',
    EHOSTUNREACH: 'it is not on the network: see to its cable and power',
    ENETUNREACH: 'it is not on the network: see to its cable and power',
    ETIMEDOUT: 'it does not answer: see to its cable and power',
  }
  const hint = reasons[code ?? ''] ?? (level === 'client-timeout' ? reasons.ETIMEDOUT : undefined)
  return new UserError(`cannot connect to ${quoted(`${host}:${port}`)}: ${message}`, { hint })
}
