import { quoted } from '../../errors.ts'

/** What a TFTP server sends (RFC 1350, RFC 2347). */
export type TftpReply =
  | { readonly kind: 'data'; readonly block: number; readonly data: Buffer }
  | { readonly kind: 'oack'; readonly options: ReadonlyMap<string, string> }
  /** The message is fit to be shown. */
  | { readonly kind: 'error'; readonly code: number; readonly message: string }

const opcode = { rrq: 1, data: 3, ack: 4, error: 5, oack: 6 } as const

export type TftpOptions = Readonly<Record<string, number>>

/** A read request. The name must not hold a zero byte. */
export function encodeRrq(file: string, options: TftpOptions): Buffer {
  const words = [file, 'octet', ...Object.entries(options).flat().map(String)]
  if (words.some((word) => word.includes('\0'))) throw new RangeError('zero byte in a file name')
  return Buffer.concat([
    Buffer.from([0, opcode.rrq]),
    ...words.map((word) => Buffer.from(`${word}\0`, 'latin1')),
  ])
}

export function encodeAck(block: number): Buffer {
  return Buffer.from([0, opcode.ack, block >> 8, block & 0xff])
}

export function encodeError(code: number, message: string): Buffer {
  return Buffer.concat([Buffer.from([0, opcode.error, 0, code]), Buffer.from(`${message}\0`)])
}

/** Undefined for whatever a server has no business to send. */
export function decodeTftp(bytes: Buffer): TftpReply | undefined {
  if (bytes.length < 4) return decodeOack(bytes)
  const number = bytes.readUInt16BE(2)
  switch (bytes.readUInt16BE(0)) {
    case opcode.data:
      return { kind: 'data', block: number, data: bytes.subarray(4) }
    case opcode.error:
      return { kind: 'error', code: number, message: shown(bytes.subarray(4)) }
    default:
      return decodeOack(bytes)
  }
}

function decodeOack(bytes: Buffer): TftpReply | undefined {
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== opcode.oack) return undefined
  const words = bytes.toString('latin1', 2).split('\0')
  // Every word ends with a zero byte, so that the last piece is empty.
  if (words.pop() !== '' || words.length % 2 !== 0) return undefined
  const options = new Map<string, string>()
  for (let at = 0; at < words.length; at += 2) {
    options.set((words[at] ?? '').toLowerCase(), words[at + 1] ?? '')
  }
  return { kind: 'oack', options }
}

function shown(bytes: Buffer): string {
  const text = bytes.toString('latin1').replace(/\0.*$/s, '')
  return /^[\x20-\x7e]{0,80}$/.test(text) ? text : quoted(text)
}
