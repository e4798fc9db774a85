import type { Seen } from './inside-root.ts'
import { type Failure, type RpcCall, rpcCall } from './rpc-call.ts'
import { numbers, opaque, XdrReader } from './xdr.ts'

/** Whom to ask, and from which address. */
export type NfsServer = Pick<RpcCall, 'protocol' | 'from' | 'server' | 'port' | 'signal'>

/** The server did not answer a question about its tree; the message says why. */
export class NfsRefusal extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.why)
    this.failure = failure
  }
}

/** RFC 1813. */
const nfs = { program: 100_003, version: 3, credential: 'root' } as const
const procedures = { getAttributes: 1, lookUp: 3, access: 4, readLink: 5, read: 6 } as const
const [noEntry, notDirectory] = [2, 20]
const [regular, directory, link] = [1, 2, 5]
const attributesLength = 84
const headerLength = 64
const noBytes = { text: '', encoding: 'latin1' } as const
/** A path of Linux is shorter, and the way to init and the modules takes a tenth of these calls. */
const [longestPath, mostCalls] = [4096, 300]
/** MODIFY, EXTEND and DELETE of ACCESS. */
const writing = 0x04 | 0x08 | 0x10

/** A tree on an NFS 3 server, as root on the Pi sees it: read with the calls that a Pi's kernel makes. */
export class NfsTree {
  readonly #server: NfsServer
  readonly #handles: Map<string, Buffer>
  #calls = 0

  /** `handle`: what mountd gave for the top of the tree. */
  constructor(server: NfsServer, handle: Buffer) {
    this.#server = server
    this.#handles = new Map([['/', handle]])
  }

  /** What is at a path that has no link on its way; undefined: nothing. NfsRefusal. */
  async look(path: string): Promise<Seen | undefined> {
    const handle = await this.#handleOf(path)
    if (handle === undefined) return undefined
    const attributes = await this.#ask(procedures.getAttributes, opaque(handle))
    if (attributes === undefined) return undefined
    const [type, mode] = [attributes.number(), attributes.number() & 0o7777]
    if (type === regular) return { kind: 'file', mode, ...(await this.#beginning(handle)) }
    if (type === directory) return { kind: 'dir' }
    if (type !== link) return { kind: 'other' }
    const answer = await this.#ask(procedures.readLink, opaque(handle))
    if (answer === undefined) return undefined
    skipAttributes(answer)
    const target = answer.opaque()
    if (target.length > longestPath) throw new NfsRefusal(endless)
    return { kind: 'link', target: target.toString() }
  }

  /** Whether the server lets root on the Pi change what is at the top. NfsRefusal. */
  async mayWrite(): Promise<boolean> {
    const top = this.#handles.get('/') ?? Buffer.alloc(0)
    const answer = await this.#ask(
      procedures.access,
      Buffer.concat([opaque(top), numbers(writing)]),
    )
    if (answer === undefined) return false
    skipAttributes(answer)
    return (answer.number() & writing) === writing
  }

  /** As much as the header of a program. */
  async #beginning(handle: Buffer) {
    const asked = Buffer.concat([opaque(handle), numbers(0, 0, headerLength)])
    const answer = await this.#ask(procedures.read, asked)
    if (answer === undefined) return noBytes
    skipAttributes(answer)
    answer.skip(8)
    return { text: answer.opaque().toString('latin1'), encoding: 'latin1' } as const
  }

  async #handleOf(path: string): Promise<Buffer | undefined> {
    const known = this.#handles.get(path)
    if (known) return known
    const cut = path.lastIndexOf('/')
    const parent = await this.#handleOf(path.slice(0, cut) || '/')
    if (parent === undefined) return undefined
    const name = Buffer.from(path.slice(cut + 1))
    const answer = await this.#ask(procedures.lookUp, Buffer.concat([opaque(parent), opaque(name)]))
    const handle = answer?.opaque()
    if (handle) this.#handles.set(path, handle)
    return handle
  }

  /** The answer behind its status; undefined: there is no such entry. */
  async #ask(procedure: number, asked: Buffer): Promise<XdrReader | undefined> {
    this.#calls += 1
    if (this.#calls > mostCalls) throw new NfsRefusal(endless)
    const answer = await rpcCall({ ...this.#server, ...nfs, procedure, arguments: asked })
    if (answer.kind === 'failed') throw new NfsRefusal(answer)
    const reader = new XdrReader(answer.bytes)
    const status = reader.number()
    if (status === noEntry || status === notDirectory) return undefined
    if (status !== 0)
      throw new NfsRefusal({ kind: 'failed', reason: 'refused', why: `NFS status ${status}` })
    return reader
  }
}

const endless: Failure = { kind: 'failed', reason: 'nonsense', why: 'its tree has no end' }

/** A server may send an entry's attributes along, or not. */
function skipAttributes(answer: XdrReader): void {
  if (answer.number() === 1) answer.skip(attributesLength)
}
