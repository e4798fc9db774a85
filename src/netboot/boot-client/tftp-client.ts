import { createSocket } from 'node:dgram'
import { addAbortListener } from 'node:events'
import { unsent } from './stop.ts'
import { type TftpAnswer, type TftpRead, TftpTransfer } from './tftp-transfer.ts'

/** Reads one file. Whatever goes wrong is an answer; rejects when the signal fires. */
export function readTftp(read: TftpRead): Promise<TftpAnswer> {
  return new Promise((resolve, reject) => {
    const { signal } = read
    const socket = createSocket('udp4')
    const fail = (error: Error | null) => error && finish(() => resolve(unsent(error)))
    const transfer = new TftpTransfer(read, (bytes, port) =>
      socket.send(bytes, port, read.server, fail),
    )
    let timer = setTimeout(again, read.timeout)
    const end = setTimeout(() => finish(() => resolve({ kind: 'too-slow' })), read.longest)
    const aborted = signal && addAbortListener(signal, () => finish(() => reject(signal.reason)))
    let isOver = false

    function finish(tell: () => void): void {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      clearTimeout(end)
      aborted?.[Symbol.dispose]()
      // What was sent last, an ACK or an ERROR, is still on its way out.
      setImmediate(() => socket.close())
      socket.removeAllListeners('message')
      tell()
    }

    function again(): void {
      timer = setTimeout(again, read.timeout)
      const answer = transfer.sendAgain()
      if (answer) finish(() => resolve(answer))
    }

    socket.on('error', fail)
    socket.on('message', (bytes, from) => {
      const step = transfer.take(bytes, from)
      if (step === 'ignored') return
      if (step !== 'progress') return finish(() => resolve(step))
      clearTimeout(timer)
      timer = setTimeout(again, read.timeout)
    })
    socket.bind(0, () => isOver || transfer.start())
  })
}
