import { randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { readTftp } from '../../../src/netboot/boot-client/tftp-client.ts'
import type { TftpRead } from '../../../src/netboot/boot-client/tftp-transfer.ts'
import { type Faults, startTftpServer, type TftpServer } from './tftp-server.ts'

const file = randomBytes(3000)
const running: TftpServer[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()))
})

async function server(faults: Faults = {}, content = file): Promise<TftpServer> {
  const started = await startTftpServer({ 'start.elf': content }, faults)
  running.push(started)
  return started
}

function read(from: TftpServer, changed: Partial<TftpRead> = {}) {
  return readTftp({
    server: '127.0.0.1',
    port: from.port,
    file: 'start.elf',
    options: { tsize: 0 },
    probe: false,
    timeout: 100,
    tries: 5,
    limit: 1e8,
    longest: 60_000,
    ...changed,
  })
}

test('a file comes whole, and only its size was asked for', async () => {
  const from = await server()

  expect(await read(from)).toEqual({ kind: 'file', bytes: file })
  expect(from.asked).toEqual(['start.elf tsize 0'])
})

test('without options the file comes as from the first TFTP servers', async () => {
  const from = await server()

  expect(await read(from, { options: {} })).toEqual({ kind: 'file', bytes: file })
  expect(from.asked).toEqual(['start.elf'])
})

test.each([
  ['empty', 0],
  ['one block less a byte', 511],
  ['exactly one block', 512],
  ['exactly four blocks', 2048],
])('the end is found: %s', async (_, length) => {
  const content = file.subarray(0, length)

  expect(await read(await server({}, content))).toEqual({ kind: 'file', bytes: content })
})

test('the block number starts over behind 65535', async () => {
  const content = randomBytes(65_538 * 512 + 7)

  const answer = await read(await server({}, content))

  expect(answer.kind === 'file' && answer.bytes.equals(content)).toBe(true)
})

test.each<[string, Faults]>([
  ['a server that knows no options', { isPlain: true }],
  ['every third packet lost', { loses: (_, nth) => nth % 3 === 1 }],
  ['every packet twice', { stutters: true }],
  ['another port pushing in', { isImitated: true }],
])('the file comes whole all the same: %s', async (_, faults) => {
  expect(await read(await server(faults))).toEqual({ kind: 'file', bytes: file })
})

test('a packet from another port is told off, not taken', async () => {
  const from = await server({ isImitated: true }, file.subarray(0, 100))

  await read(from)

  await expect.poll(() => from.errors).toContain('5 Unknown transfer ID')
})

test('a request that got lost is made again', async () => {
  let isFirst = true
  const from = await server({
    loses: () => {
      const isLost = isFirst
      isFirst = false
      return isLost
    },
  })

  expect(await read(from, { timeout: 20 })).toMatchObject({ kind: 'file' })
})

test('a probe learns the size and breaks off as bootcode.bin does', async () => {
  const from = await server()

  expect(await read(from, { probe: true })).toEqual({ kind: 'probed', size: 3000 })
  await expect.poll(() => from.errors).toEqual(['0 Early terminate'])
})

test('a probe of a server without options breaks off at the first block', async () => {
  const from = await server({ isPlain: true })

  expect(await read(from, { probe: true })).toEqual({ kind: 'probed', size: undefined })
  await expect.poll(() => from.errors).toEqual(['0 Early terminate'])
})

test('a missing file is an answer', async () => {
  const from = await server()

  expect(await read(from, { file: 'bootsig.bin' })).toEqual({
    kind: 'error',
    code: 1,
    message: 'File not found',
  })
})

test('an ACK that got lost is said again when the block comes again', async () => {
  const from = await server({ missesAckOf: 2 })

  expect(await read(from, { timeout: 2000, tries: 1 })).toEqual({ kind: 'file', bytes: file })
})

test('a silent server is given up after the tries', async () => {
  const from = await server({ isDead: true })

  expect(await read(from, { timeout: 10, tries: 3 })).toEqual({ kind: 'silence' })
})

test('a server that falls silent in the middle is given up too', async () => {
  const from = await server({ loses: (_, nth) => nth > 2 })

  expect(await read(from, { timeout: 10, tries: 3 })).toEqual({ kind: 'silence' })
})

test.each<[string, Faults]>([
  ['by the size it announces', { oack: { tsize: '1000001' } }],
  ['by what it sends', { isPlain: true }],
])('a file over the limit is refused %s', async (_, faults) => {
  const from = await server(faults)

  expect(await read(from, { limit: 2000 })).toEqual({ kind: 'too-big' })
  await expect.poll(() => from.errors).toEqual(['3 Too big'])
})

test.each([
  ['not asked for', { blksize: '1024' }],
  ['not a number', { tsize: 'many' }],
])('options are refused: %s', async (_, oack) => {
  const from = await server({ oack })

  expect(await read(from)).toMatchObject({ kind: 'error', code: 8 })
  await expect.poll(() => from.errors).toEqual(['8 Bad options'])
})

test('a block longer than agreed is refused', async () => {
  const from = await server({ blockBytes: 1000 })

  expect(await read(from)).toMatchObject({ kind: 'error', code: 4 })
})

test('a server that says the same OACK for ever is given up', async () => {
  const from = await server({ repeatsOack: true })

  expect(await read(from, { timeout: 60, tries: 3 })).toEqual({ kind: 'silence' })
})

test('what cannot be sent is an answer', async () => {
  // A broadcast is not let out of a socket that did not ask for it; without a network none is.
  const answer = await read(await server(), { server: '255.255.255.255' })

  expect(answer).toEqual({ kind: 'unsent', code: expect.stringMatching(/^E(?:ACCES|NETUNREACH)$/) })
})

test('a signal ends the reading at once', async () => {
  const over = new AbortController()
  const reading = read(await server({ isDead: true }), { timeout: 60_000, signal: over.signal })
  over.abort()

  await expect(reading).rejects.toBe(over.signal.reason)
})

test('blocks as small as a server may choose them come whole', async () => {
  const from = await server({ oack: { blksize: '8' }, blockBytes: 8 })

  expect(await read(from, { options: { blksize: 1468 } })).toEqual({ kind: 'file', bytes: file })
})

test('a server that sends a block now and then is not listened to for ever', async () => {
  // Each of the six blocks comes only when it is sent again.
  const from = await server({ loses: (_, nth) => nth % 2 === 0 })

  expect(await read(from, { timeout: 10_000, longest: 60 })).toEqual({ kind: 'too-slow' })
})
