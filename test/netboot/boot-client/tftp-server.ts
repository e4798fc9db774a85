import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** How the server misbehaves; each is off when left out. */
export interface Faults {
  /** Whether this packet, the nth sent (from 0), gets lost. */
  readonly loses?: (packet: Buffer, nth: number) => boolean
  /** Knows no options: answers with the first block. */
  readonly isPlain?: boolean
  /** Answers with these options instead of those asked for. */
  readonly oack?: Readonly<Record<string, string>>
  /** Sends every packet twice. */
  readonly stutters?: boolean
  /** Before each packet but the first another port sends a block of its own making. */
  readonly isImitated?: boolean
  /** Blocks are this many bytes, whatever was agreed. */
  readonly blockBytes?: number
  /** Does not hear the first ACK of this block. */
  readonly missesAckOf?: number
  /** Goes on with its OACK, whatever is acknowledged. */
  readonly repeatsOack?: boolean
  /** Answers nothing. */
  readonly isDead?: boolean
}

export interface TftpServer {
  readonly port: number
  readonly asked: string[]
  /** What clients said in ERROR packets: `code message`. */
  readonly errors: string[]
  close(): Promise<void>
}

const resendAfter = 40

/** A small TFTP server on loopback that can be made to misbehave. */
export async function startTftpServer(
  files: Readonly<Record<string, Buffer>>,
  faults: Faults = {},
): Promise<TftpServer> {
  const sockets: Socket[] = []
  const asked: string[] = []
  const errors: string[] = []
  const timers = new Set<NodeJS.Timeout>()
  const main = await listen()

  async function listen(): Promise<Socket> {
    const socket = createSocket('udp4')
    sockets.push(socket)
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return socket
  }

  async function serve(words: readonly string[], client: number): Promise<void> {
    const [name = '', , ...options] = words
    asked.push([name, ...options].join(' '))
    const socket = await listen()
    const stranger = await listen()
    const content = files[name]
    let sent = 0
    let timer: NodeJS.Timeout | undefined

    function transmit(packet: Buffer, isRepeated: boolean): void {
      if (faults.isImitated && sent > 0)
        stranger.send(data(1, Buffer.from('forged')), client, '127.0.0.1')
      const isLost = faults.loses?.(packet, sent) ?? false
      sent += 1
      if (!isLost) socket.send(packet, client, '127.0.0.1')
      if (!isLost && faults.stutters) socket.send(packet, client, '127.0.0.1')
      if (timer) clearInterval(timer)
      if (!isRepeated) return
      timer = setInterval(() => transmit(packet, true), resendAfter)
      timers.add(timer)
    }

    for (const each of [socket, stranger]) {
      each.on('message', (bytes) => {
        if (bytes.readUInt16BE(0) !== 5) return
        errors.push(`${bytes.readUInt16BE(2)} ${bytes.toString('latin1', 4, bytes.length - 1)}`)
        if (each === socket) clearInterval(timer)
      })
    }
    if (!content) return transmit(tftpError(1, 'File not found'), false)

    const blockBytes = faults.blockBytes ?? 512
    const last = Math.floor(content.length / blockBytes) + 1
    let block = 0
    function next(): void {
      block += 1
      if (block > last) {
        clearInterval(timer)
        return
      }
      transmit(
        data(
          block,
          content?.subarray((block - 1) * blockBytes, block * blockBytes) ?? Buffer.alloc(0),
        ),
        true,
      )
    }
    let hasMissed = false
    socket.on('message', (bytes) => {
      if (
        !hasMissed &&
        bytes.readUInt16BE(0) === 4 &&
        bytes.readUInt16BE(2) === faults.missesAckOf
      ) {
        hasMissed = true
        return
      }
      if (faults.repeatsOack) return
      if (bytes.readUInt16BE(0) === 4 && bytes.readUInt16BE(2) === (block & 0xffff)) next()
    })
    const accepted = faults.oack ?? { tsize: String(content.length) }
    if (options.length > 0 && !faults.isPlain) transmit(oack(accepted), true)
    else next()
  }

  main.on('message', (bytes, from) => {
    if (faults.isDead || bytes.readUInt16BE(0) !== 1) return
    void serve(bytes.toString('latin1', 2).split('\0').slice(0, -1), from.port)
  })

  return {
    port: main.address().port,
    asked,
    errors,
    async close() {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(sockets.map((socket) => new Promise<void>((done) => socket.close(done))))
    },
  }
}

function data(block: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0, 3, (block >> 8) & 0xff, block & 0xff]), bytes])
}

function oack(options: Readonly<Record<string, string>>): Buffer {
  const words = Object.entries(options).flat()
  return Buffer.concat([Buffer.from([0, 6]), ...words.map((word) => Buffer.from(`${word}\0`))])
}

function tftpError(code: number, message: string): Buffer {
  return Buffer.concat([Buffer.from([0, 5, 0, code]), Buffer.from(`${message}\0`)])
}
