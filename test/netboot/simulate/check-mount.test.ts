import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { ipv4 } from '../../../src/farm/schema.ts'
import { checkMount } from '../../../src/netboot/simulate/check-mount.ts'
import type { NfsTarget } from '../../../src/netboot/simulate/nfs-root.ts'
import { numbers } from '../../../src/netboot/simulate/xdr.ts'

const loopback = ipv4.parse('127.0.0.1')
const target: NfsTarget = {
  server: loopback,
  path: '/mnt/PiRoots/HLSPi1',
  protocol: 'tcp',
  version: 3,
  isReadOnly: false,
}
const never = new AbortController().signal
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

/** Speaks for the portmapper and mountd at once: the program tells which is asked. */
async function startServer(answer: (program: number, asked: Buffer) => Buffer): Promise<number> {
  const server = createServer((socket) => {
    socket.on('data', (record) => {
      const call = record.subarray(4)
      const head = numbers(call.readUInt32BE(0), 1, 0, 0, 0, 0)
      const reply = Buffer.concat([head, answer(call.readUInt32BE(12), call.subarray(40))])
      const whole = Buffer.concat([numbers((0x8000_0000 | reply.length) >>> 0), reply])
      socket.write(whole.subarray(0, 7))
      setTimeout(() => socket.end(whole.subarray(7)), 10)
    })
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function checked(status: number) {
  let asked = Buffer.alloc(0)
  const port: number = await startServer((program, bytes) => {
    if (program === 100_000) return numbers(port)
    asked = Buffer.from(bytes)
    return status === 0 ? numbers(status, 4, 0xaabb_ccdd, 0) : numbers(status)
  })
  const { findings, mounted } = await checkMount(target, loopback, never, port)
  return { ...findings, mounted, port, asked }
}

test('a root that is granted; the path is asked for as XDR has it', async () => {
  const { faults, checked: right, asked, mounted, port } = await checked(0)
  expect(faults).toEqual([])
  expect(mounted).toEqual({ handle: Buffer.from('aabbccdd', 'hex'), port })
  expect(right).toEqual(['127.0.0.1 grants 127.0.0.1 /mnt/PiRoots/HLSPi1'])
  expect(asked).toEqual(
    Buffer.concat([numbers(19), Buffer.from('/mnt/PiRoots/HLSPi1'), Buffer.alloc(1)]),
  )
})

test.each([
  [13, /refuses 127\.0\.0\.1 \S+: it is not exported to this address/],
  [2, /there is no such directory on the server/],
  [77, /status 77/],
])('status %i', async (status, what) => {
  expect((await checked(status)).faults).toMatchObject([
    { stage: 'mount', what: expect.stringMatching(what) },
  ])
})

test('no mountd', async () => {
  const port = await startServer(() => numbers(0))
  expect((await checkMount(target, loopback, never, port)).findings.faults).toMatchObject([
    { what: 'mountd is not registered on 127.0.0.1' },
  ])
})

test('no portmapper', async () => {
  const port = await startServer(() => numbers(0))
  await new Promise((resolve) => servers.splice(0)[0]?.close(resolve))
  expect((await checkMount(target, loopback, never, port)).findings.faults).toMatchObject([
    { what: expect.stringContaining('does not let 127.0.0.1 in: refused') },
  ])
})
