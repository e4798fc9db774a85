import { createSocket } from 'node:dgram'
import { addAbortListener } from 'node:events'
import { connect } from 'node:net'
import { numbers } from './xdr.ts'

/** Whom to ask what (RFC 5531). */
export interface RpcCall {
  readonly protocol: 'tcp' | 'udp'
  /** The address to ask from: the one that the server judges by. */
  readonly from: string
  readonly server: string
  readonly port: number
  readonly program: number
  readonly version: number
  readonly procedure: number
  /** As whom: `root` is the Pi's kernel, which NFS judges by user number. */
  readonly credential: 'none' | 'root'
  readonly arguments: Buffer
  readonly signal: AbortSignal
}

export type RpcAnswer = { readonly kind: 'result'; readonly bytes: Buffer } | Failure

/** Why there is no result. */
export interface Failure {
  readonly kind: 'failed'
  /** `unsent`: this machine could not even ask, and `code` is the kernel's word for it. */
  readonly reason: 'silence' | 'refused' | 'unsent' | 'nonsense'
  /** For people. */
  readonly why: string
  readonly code?: string
}

const wait = 3000
/** What a mount or a look at one entry is answered with takes hundreds of bytes. */
const longestReply = 65_536
const [call, rpcVersion] = [0, 2]
/** AUTH_NONE, and AUTH_SYS of an unnamed machine's user 0, group 0 (RFC 5531, appendix A). */
const credentials = { none: numbers(0, 0), root: numbers(1, 20, 0, 0, 0, 0, 0) } as const
/** A server takes a mount from a port that only root can have. */
const privileged = { first: 700, count: 250 }

/** One call; its failure is an answer. Rejects when the signal fires. */
export async function rpcCall(asked: RpcCall): Promise<RpcAnswer> {
  const id = (Date.now() & 0x7fff_ffff) >>> 0
  const request = Buffer.concat([
    numbers(id, call, rpcVersion, asked.program, asked.version, asked.procedure),
    credentials[asked.credential],
    credentials.none,
    asked.arguments,
  ])
  const reply = await askFromSomePort(asked, request)
  asked.signal.throwIfAborted()
  if (!Buffer.isBuffer(reply)) return reply
  // xid, REPLY, accepted, verifier of no length, success; then the result.
  const isGood =
    reply.length >= 24 &&
    reply.readUInt32BE(0) === id &&
    reply.readUInt32BE(4) === 1 &&
    reply.readUInt32BE(8) === 0 &&
    reply.readUInt32BE(16) === 0 &&
    reply.readUInt32BE(20) === 0
  if (!isGood) return failure('nonsense', 'the call was rejected')
  return { kind: 'result', bytes: reply.subarray(24) }
}

/**
 * A port may still be held by a connection of a moment ago: one to another server makes it EADDRINUSE,
 * one to the same, which may hold it for a minute after its end, EADDRNOTAVAIL.
 */
async function askFromSomePort(asked: RpcCall, request: Buffer): Promise<Buffer | Failure> {
  const ask = asked.protocol === 'tcp' ? askByTcp : askByUdp
  const first = Math.floor(Math.random() * privileged.count)
  let last = silence
  for (let more = 0; more < 10; more += 1) {
    const localPort = privileged.first + ((first + more) % privileged.count)
    const reply = await ask(asked, request, localPort)
    if (Buffer.isBuffer(reply) || !isTaken(reply)) return reply
    last = reply
  }
  return last
}

function askByUdp(asked: RpcCall, request: Buffer, localPort: number): Promise<Buffer | Failure> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const timer = setTimeout(() => end(silence), wait)
    const aborted = addAbortListener(asked.signal, () => end(silence))
    let isOver = false
    const end = (reply: Buffer | Failure) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      aborted[Symbol.dispose]()
      socket.close()
      resolve(reply)
    }
    socket.on('error', (error) => end(reason(error)))
    socket.on('message', end)
    socket.bind(localPort, asked.from, () => {
      // Connected, so that the firewall's refusal comes back as an error.
      // Its callback gets the failure too, where no way leads there.
      socket.connect(asked.port, asked.server, (error?: Error) =>
        error
          ? end(reason(error))
          : socket.send(request, (failed) => failed && end(reason(failed))),
      )
    })
  })
}

function askByTcp(asked: RpcCall, request: Buffer, localPort: number): Promise<Buffer | Failure> {
  return new Promise((resolve) => {
    const { server: host, port, from: localAddress, signal } = asked
    const socket = connect({ host, port, localAddress, localPort })
    // Of the whole call, not of a pause: a server that sends a byte now and then would have no end.
    const timer = setTimeout(() => end(silence), wait)
    const aborted = addAbortListener(signal, () => end(silence))
    let heard = Buffer.alloc(0)
    const end = (reply: Buffer | Failure) => {
      clearTimeout(timer)
      aborted[Symbol.dispose]()
      socket.destroy()
      resolve(reply)
    }
    socket.on('error', (error) => end(reason(error)))
    socket.on('end', () => end(failure('nonsense', 'the connection was closed')))
    socket.on('connect', () => {
      // A record of one fragment: the highest bit marks the last one.
      socket.write(Buffer.concat([numbers((0x8000_0000 | request.length) >>> 0), request]))
    })
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes])
      const length = heard.length < 4 ? Number.NaN : heard.readUInt32BE(0) & 0x7fff_ffff
      if (length > longestReply) end(failure('nonsense', `an answer of ${length} bytes`))
      if (heard.length >= 4 + length) end(heard.subarray(4, 4 + length))
    })
  })
}

function isTaken({ code }: Failure): boolean {
  return code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL'
}

const silence = failure('silence', 'no answer')

function failure(reason: Failure['reason'], why: string, code?: string): Failure {
  return { kind: 'failed', reason, why, ...(code === undefined ? {} : { code }) }
}

function reason(error: NodeJS.ErrnoException): Failure {
  if (error.code === 'ECONNREFUSED') return failure('refused', 'refused')
  const code = error.code ?? error.message
  // Somebody on the way, or the far end, said so.
  const isFar = code === 'ECONNRESET' || code === 'EHOSTUNREACH' || code === 'EPIPE'
  return failure(isFar ? 'silence' : 'unsent', code, code)
}
