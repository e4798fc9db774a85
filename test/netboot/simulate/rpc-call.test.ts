import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { rpcCall } from '../../../src/netboot/simulate/rpc-call.ts'
import { numbers } from '../../../src/netboot/simulate/xdr.ts'

const server = createServer()
afterEach(() => {
  vi.restoreAllMocks()
  server.removeAllListeners('connection')
  server.close()
})

async function listen(): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

function asked(port: number, changed: { from?: string; signal?: AbortSignal } = {}) {
  return {
    ...({
      protocol: 'tcp',
      from: '127.0.0.1',
      server: '127.0.0.1',
      port,
      program: 100_000,
    } as const),
    ...({ version: 2, procedure: 0, credential: 'none', arguments: Buffer.alloc(0) } as const),
    signal: new AbortController().signal,
    ...changed,
  }
}

test('a port that a connection of a moment ago still holds is passed over', async () => {
  // Ended by the client, the connection keeps its port for a minute.
  server.on('connection', (socket) =>
    socket.on('data', (call) => {
      const reply = numbers(call.readUInt32BE(4), 1, 0, 0, 0, 0)
      socket.write(Buffer.concat([numbers((0x8000_0000 | reply.length) >>> 0), reply]))
    }),
  )
  const port = await listen()
  vi.spyOn(Math, 'random').mockReturnValue(0)

  expect(await rpcCall(asked(port))).toMatchObject({ kind: 'result' })
  expect(await rpcCall(asked(port))).toMatchObject({ kind: 'result' })
})

test('an address that is not this machine’s is said to be that, not a firewall', async () => {
  expect(await rpcCall(asked(await listen(), { from: '192.0.2.77' }))).toMatchObject({
    reason: 'unsent',
    code: 'EADDRNOTAVAIL',
  })
})

test('a signal ends a call that nobody answers', async () => {
  const over = new AbortController()
  server.on('connection', () => over.abort())
  const call = rpcCall(asked(await listen(), { signal: over.signal }))

  expect(await call.catch((error: unknown) => error)).toBe(over.signal.reason)
})

test('a server that announces gigabytes is not heard out', async () => {
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.on('data', () => socket.write(numbers(0xffff_ffff, 1, 2, 3)))
  })
  expect(await rpcCall(asked(await listen()))).toMatchObject({
    reason: 'nonsense',
    why: 'an answer of 2147483647 bytes',
  })
})

test('a server that sends a byte now and then holds nobody up', async () => {
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.write(numbers(0x8000_1000))
    let left = 20
    const drip = setInterval(() => {
      left -= 1
      if (left > 0) return socket.write('\0')
      clearInterval(drip)
      return socket.end()
    }, 500)
    socket.on('close', () => clearInterval(drip))
  })
  expect(await rpcCall(asked(await listen()))).toMatchObject({ reason: 'silence' })
})
