import { once } from 'node:events'
import type { Client, ClientChannel } from 'ssh2'
import { shellWord } from '../shell-word.ts'
import type { Output } from './host.ts'
import type { Remote, RemoteStream, SshTarget } from './remote.ts'
import { lostConnection } from './ssh-failure.ts'

/** Of what a command complains this much is kept, in characters. */
const tail = 65_536

/** What can be done over a connection that stands. */
export function remoteOver(client: Client, target: SshTarget): Remote {
  const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
  const run: Remote['run'] = (argv, input = '') => runOver(client, closed, argv, input)
  return {
    run,
    read: (argv, signal) => readOver(client, target, argv, signal),
    put: (path, text) => run(['tee', '--', path], text),
    closed,
    close: () => client.end(),
  }
}

async function runOver(
  client: Client,
  closed: Promise<void>,
  argv: readonly string[],
  input: string,
): Promise<Output> {
  let stdout = ''
  let channel: Watched | undefined
  const ended = open(client, argv).then(async (opened) => {
    channel = opened
    opened.channel.on('data', (bytes: Buffer) => {
      stdout += bytes.toString('latin1')
    })
    opened.channel.end(Buffer.from(input, 'latin1'))
    await opened.over
  })
  const said = (): Output => {
    const { code = 255, stderr } = channel?.said() ?? { stderr: '' }
    return { code, stdout, stderr }
  }
  try {
    await Promise.race([ended, closed])
    return said()
  } catch (error) {
    return { ...said(), stderr: error instanceof Error ? error.message : String(error) }
  }
}

function readOver(
  client: Client,
  target: SshTarget,
  argv: readonly string[],
  signal: AbortSignal,
): RemoteStream {
  let finish: (end: { code: number; stderr: string }) => void = () => undefined
  const ended = new Promise<{ code: number; stderr: string }>((resolve) => {
    finish = resolve
  })
  async function* bytes(): AsyncGenerator<Buffer> {
    const { channel, over, said } = await open(client, argv).catch(() => {
      throw lostConnection(target)
    })
    const cut = () => channel.destroy()
    client.once('close', cut)
    signal.addEventListener('abort', cut)
    let isCut = false
    try {
      for await (const chunk of channel) yield chunk as Buffer
      await over
    } catch {
      isCut = true
    } finally {
      client.off('close', cut)
      signal.removeEventListener('abort', cut)
    }
    signal.throwIfAborted()
    // A command that ended says with what; a connection that broke says nothing.
    const { code, stderr } = said()
    if (isCut || code === undefined) throw lostConnection(target)
    finish({ code, stderr })
  }
  return { bytes: bytes(), ended }
}

interface Watched {
  readonly channel: ClientChannel
  readonly over: Promise<unknown>
  /** A command that ended has a code. */
  said(): { readonly code?: number; readonly stderr: string }
}

async function open(client: Client, argv: readonly string[]): Promise<Watched> {
  return await new Promise((resolve, reject) => {
    const broken = () => reject(new Error('the connection was closed'))
    client.once('close', broken)
    // Throws, and so rejects, where the connection has ended already.
    // SSH has no argv: the far side's shell takes one line apart again.
    client.exec(argv.map(shellWord).join(' '), (error, channel) => {
      client.off('close', broken)
      if (error) reject(error)
      else resolve(watch(channel))
    })
  })
}

/** At once when it opens: the end of a short command comes in the same packet as its beginning. */
function watch(channel: ClientChannel): Watched {
  let code: number | undefined
  let stderr = ''
  channel.on('exit', (status: number | null) => {
    code = status ?? 255
  })
  channel.stderr.on('data', (bytes: Buffer) => {
    stderr = (stderr + bytes.toString('latin1')).slice(-tail)
  })
  const over = once(channel, 'close')
  over.catch(() => undefined)
  return { channel, over, said: () => ({ ...(code !== undefined && { code }), stderr }) }
}
