import type { RemoteInfo } from 'node:dgram'
import type { Unsent } from './stop.ts'
import {
  decodeTftp,
  encodeAck,
  encodeError,
  encodeRrq,
  type TftpOptions,
  type TftpReply,
} from './tftp-packet.ts'

export interface TftpRead {
  readonly server: string
  readonly port: number
  readonly file: string
  /** Options to ask for, e.g. `{ tsize: 0 }`; none: 512-byte blocks, as the ROM reads. */
  readonly options: TftpOptions
  /** Only whether it is there: breaks off at the first answer with ERROR 0, as bootcode.bin does. */
  readonly probe: boolean
  /** Milliseconds until the last packet is sent again, and how often that is done. */
  readonly timeout: number
  readonly tries: number
  /** Bytes: a server that never ends must not fill the memory. */
  readonly limit: number
  /** Milliseconds for the whole file: nor must one that sends a block now and then be listened to for ever. */
  readonly longest: number
  readonly signal?: AbortSignal | undefined
}

export type TftpAnswer =
  | { readonly kind: 'file'; readonly bytes: Buffer }
  /** It is there; the size where the server told it. */
  | { readonly kind: 'probed'; readonly size: number | undefined }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'silence' }
  | { readonly kind: 'too-big' }
  | { readonly kind: 'too-slow' }
  | Unsent

const plainBlock = 512
const tftpError = { undefined: 0, full: 3, illegal: 4, unknownTransfer: 5, option: 8 } as const

/** One transfer's state; knows nothing of sockets and clocks. */
export class TftpTransfer {
  readonly #read: TftpRead
  readonly #send: (bytes: Buffer, port: number) => void
  /** What came, in the first `#received` of these; blocks of 8 bytes would each cost 20 times that by itself. */
  #bytes: Buffer = Buffer.alloc(0)
  #received = 0
  #expected = 1
  #blockSize = plainBlock
  /** The port that the server answers from; undefined until its first answer. */
  #port: number | undefined
  #last: Buffer
  #triesLeft: number
  #hasOptions = false

  constructor(read: TftpRead, send: (bytes: Buffer, port: number) => void) {
    this.#read = read
    this.#send = send
    this.#last = encodeRrq(read.file, read.options)
    this.#triesLeft = read.tries
  }

  start(): void {
    this.#send(this.#last, this.#read.port)
  }

  sendAgain(): TftpAnswer | undefined {
    this.#triesLeft -= 1
    if (this.#triesLeft <= 0) return { kind: 'silence' }
    this.#send(this.#last, this.#port ?? this.#read.port)
    return undefined
  }

  take(bytes: Buffer, from: RemoteInfo): TftpAnswer | 'progress' | 'ignored' {
    if (from.address !== this.#read.server) return 'ignored'
    if (this.#port !== undefined && from.port !== this.#port) {
      this.#send(encodeError(tftpError.unknownTransfer, 'Unknown transfer ID'), from.port)
      return 'ignored'
    }
    const reply = decodeTftp(bytes)
    if (!reply) return 'ignored'
    this.#port = from.port
    if (reply.kind === 'error') return reply
    if (reply.kind === 'oack') return this.#takeOptions(reply.options)
    return this.#takeData(reply)
  }

  #takeOptions(options: ReadonlyMap<string, string>): TftpAnswer | 'progress' | 'ignored' {
    if (this.#received > 0 || this.#expected !== 1) return 'ignored'
    if (this.#hasOptions) {
      // Our ACK was lost. It is no progress: a server that only ever says this must be given up.
      this.#send(this.#last, this.#port ?? this.#read.port)
      return 'ignored'
    }
    for (const [name, value] of options) {
      const wanted = this.#read.options[name]
      const given = /^\d{1,10}$/.test(value) ? Number(value) : undefined
      const isBadSize = name === 'blksize' && (given === undefined || given < 8)
      const isLarger = name === 'blksize' && (given ?? 0) > (wanted ?? 0)
      if (wanted === undefined || given === undefined || isBadSize || isLarger) {
        return this.#abort(tftpError.option, 'Bad options', {
          kind: 'error',
          code: tftpError.option,
          message: 'the server answers with options that were not asked for',
        })
      }
    }
    const size = options.has('tsize') ? Number(options.get('tsize')) : undefined
    if (this.#read.probe) {
      return this.#abort(tftpError.undefined, 'Early terminate', { kind: 'probed', size })
    }
    if (size !== undefined && size > this.#read.limit) return this.#tooBig()
    this.#blockSize = Number(options.get('blksize') ?? plainBlock)
    this.#hasOptions = true
    return this.#acknowledge(0)
  }

  #takeData(reply: Extract<TftpReply, { kind: 'data' }>): TftpAnswer | 'progress' | 'ignored' {
    const previous = (this.#expected - 1) & 0xffff
    if (reply.block === previous && this.#received > 0) {
      // Our ACK was lost: say it again, or the server goes on repeating itself.
      this.#send(this.#last, this.#port ?? this.#read.port)
      return 'ignored'
    }
    if (reply.block !== this.#expected) return 'ignored'
    if (this.#read.probe) {
      return this.#abort(tftpError.undefined, 'Early terminate', {
        kind: 'probed',
        size: undefined,
      })
    }
    if (reply.data.length > this.#blockSize) {
      return this.#abort(tftpError.illegal, 'Block too long', {
        kind: 'error',
        code: tftpError.illegal,
        message: `the server sent a block of more than ${this.#blockSize} bytes`,
      })
    }
    if (this.#received + reply.data.length > this.#read.limit) return this.#tooBig()
    this.#append(reply.data)
    // Files over 32 MiB have more than 65535 blocks; the count goes on from 0.
    this.#expected = (this.#expected + 1) & 0xffff
    this.#acknowledge(reply.block)
    if (reply.data.length === this.#blockSize) return 'progress'
    return { kind: 'file', bytes: this.#bytes.subarray(0, this.#received) }
  }

  #append(data: Buffer): void {
    const size = this.#received + data.length
    if (size > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(size, 2 * this.#bytes.length))
      this.#bytes.copy(grown, 0, 0, this.#received)
      this.#bytes = grown
    }
    data.copy(this.#bytes, this.#received)
    this.#received = size
  }

  #acknowledge(block: number): 'progress' {
    this.#last = encodeAck(block)
    this.#triesLeft = this.#read.tries
    this.#send(this.#last, this.#port ?? this.#read.port)
    return 'progress'
  }

  #tooBig(): TftpAnswer {
    return this.#abort(tftpError.full, 'Too big', { kind: 'too-big' })
  }

  #abort(code: number, message: string, answer: TftpAnswer): TftpAnswer {
    this.#send(encodeError(code, message), this.#port ?? this.#read.port)
    return answer
  }
}
