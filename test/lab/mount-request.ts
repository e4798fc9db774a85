import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { parseArgs } from 'node:util'

/**
 * Asks a mountd for the root of a Pi, as the kernel's nfsroot does: MOUNT version 3 over UDP from a
 * privileged port (RFC 1813, appendix I).
 * `tsx test/lab/mount-request.ts --server 10.77.0.1 --port 33049 --path /mnt/PiRoots/HLSPi1`
 * prints the status number of the answer: 0 granted, 13 access denied; or `unreachable`.
 */
const { values } = parseArgs({
  options: { server: { type: 'string' }, port: { type: 'string' }, path: { type: 'string' } },
})
const { server = '', port = '', path = '' } = values

const [call, rpcVersion, mountProgram, mountVersion, mnt, noAuth] = [0, 2, 100_005, 3, 1, 0]
const id = 0x2a2a2a2a

function numbers(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4)
  })
  return bytes
}

function mountRequest(): Buffer {
  const text = Buffer.from(path)
  const padding = Buffer.alloc((4 - (text.length % 4)) % 4)
  return Buffer.concat([
    numbers(id, call, rpcVersion, mountProgram, mountVersion, mnt, noAuth, 0, noAuth, 0),
    numbers(text.length),
    text,
    padding,
  ])
}

const socket = createSocket('udp4')
socket.bind(800)
await once(socket, 'listening')
// Connected, so that the firewall's refusal comes back as an error.
socket.connect(Number(port), server)
await once(socket, 'connect')
const answer = new Promise<string>((resolve) => {
  socket.on('message', (message) => resolve(String(message.readUInt32BE(24))))
  socket.on('error', () => resolve('unreachable'))
  setTimeout(resolve, 3000, 'no answer').unref()
})
socket.send(mountRequest())
process.stdout.write(`${await answer}\n`)
socket.close()
