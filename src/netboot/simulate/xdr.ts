/** Numbers as XDR writes them (RFC 4506). */
export function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4)
  })
  return bytes
}

/** Bytes of any length: their count, themselves, and zeros up to a multiple of four. */
export function opaque(bytes: Buffer): Buffer {
  return Buffer.concat([numbers(bytes.length), bytes, Buffer.alloc(padding(bytes.length))])
}

/** Reads what a server sent, in order. RangeError where it ends too early. */
export class XdrReader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  number(): number {
    const value = this.#bytes.readUInt32BE(this.#at)
    this.#at += 4
    return value
  }

  opaque(): Buffer {
    const length = this.number()
    const end = this.#at + length
    if (end > this.#bytes.length) throw new RangeError('the answer is cut off')
    const value = this.#bytes.subarray(this.#at, end)
    this.#at = end + padding(length)
    return value
  }

  skip(bytes: number): void {
    this.#at += bytes
  }
}

function padding(length: number): number {
  return (4 - (length % 4)) % 4
}
