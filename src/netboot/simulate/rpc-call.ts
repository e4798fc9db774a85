import { createSocket } from 'node:dgram'
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
}

export type RpcAnswer =
  | { readonly kind: 'result'; readonly bytes: Buffer }
  /** e.g. `no answer`, `connection refused`, `the call was rejected`. */
  | { readonly kind: 'failed'; readonly why: string }

const wait = 3000
const [call, rpcVersion] = [0, 2]
/** AUTH_NONE, and AUTH_SYS of an unnamed machine's user 0, group 0 (RFC 5531, appendix A). */
const credentials = { none: numbers(0, 0), root: numbers(1, 20, 0, 0, 0, 0, 0) } as const
/** A server takes a mount from a port that only root can have. */
const privileged = { first: 700, count: 250 }

/** One call; its failure is an answer. */
export async function rpcCall(asked: RpcCall): Promise<RpcAnswer> {
  const id = (Date.now() & 0x7fff_ffff) >>> 0
  const request = Buffer.concat([
    numbers(id, call, rpcVersion, asked.program, asked.version, asked.procedure),
    credentials[asked.credential],
    credentials.none,
    asked.arguments,
  ])
  const reply = await askFromSomePort(asked, request)
  if (typeof reply === 'string') return { kind: 'failed', why: reply }
  // xid, REPLY, accepted, verifier of no length, success; then the result.
  const isGood =
    reply.length >= 24 &&
    reply.readUInt32BE(0) === id &&
    reply.readUInt32BE(4) === 1 &&
    reply.readUInt32BE(8) === 0 &&
    reply.readUInt32BE(16) === 0 &&
    reply.readUInt32BE(20) === 0
  if (!isGood) return { kind: 'failed', why: 'the call was rejected' }
  return { kind: 'result', bytes: reply.subarray(24) }
}

/** A port may still be held by a connection of a moment ago. */
async function askFromSomePort(asked: RpcCall, request: Buffer): Promise<Buffer | string> {
  const ask = asked.protocol === 'tcp' ? askByTcp : askByUdp
  const first = Math.floor(Math.random() * privileged.count)
  for (let more = 0; more < 10; more += 1) {
    const localPort = privileged.first + ((first + more) % privileged.count)
    const reply = await ask(asked, request, localPort)
    if (reply !== 'EADDRINUSE') return reply
  }
  return 'no free port below 1024'
}

function askByUdp(asked: RpcCall, request: Buffer, localPort: number): Promise<Buffer | string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    const timer = setTimeout(() => end('no answer'), wait)
    let isOver = false
    const end = (reply: Buffer | string) => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
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

function askByTcp(asked: RpcCall, request: Buffer, localPort: number): Promise<Buffer | string> {
  return new Promise((resolve) => {
    const { server: host, port, from: localAddress } = asked
    const socket = connect({ host, port, localAddress, localPort, timeout: wait })
    let heard = Buffer.alloc(0)
    const end = (reply: Buffer | string) => {
      socket.destroy()
      resolve(reply)
    }
    socket.on('error', (error) => end(reason(error)))
    socket.on('timeout', () => end('no answer'))
    socket.on('end', () => end('the connection was closed'))
    socket.on('connect', () => {
      // A record of one fragment: the highest bit marks the last one.
      socket.write(Buffer.concat([numbers((0x8000_0000 | request.length) >>> 0), request]))
    })
    socket.on('data', (bytes) => {
      heard = Buffer.concat([heard, bytes])
      const length = heard.length < 4 ? Number.NaN : heard.readUInt32BE(0) & 0x7fff_ffff
      if (heard.length >= 4 + length) end(heard.subarray(4, 4 + length))
    })
  })
}

function reason(error: NodeJS.ErrnoException): string {
  return error.code === 'ECONNREFUSED' ? 'refused' : (error.code ?? error.message)
}
