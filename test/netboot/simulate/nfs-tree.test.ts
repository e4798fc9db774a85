import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { insideRoot } from '../../../src/netboot/simulate/inside-root.ts'
import { NfsTree } from '../../../src/netboot/simulate/nfs-tree.ts'
import { numbers, opaque } from '../../../src/netboot/simulate/xdr.ts'

let server: Server | undefined
afterEach(() => {
  server?.close()
})

const [getAttributes, lookUp] = [1, 3]
const [directory, link] = [2, 5]

/** A server on which everything is a link, and leads there. */
async function treeOfLinks(target: string): Promise<NfsTree> {
  server = createServer((socket) =>
    socket.on('data', (record) => {
      const procedure = record.readUInt32BE(4 + 20)
      const isTop = record.includes('top!')
      const result =
        procedure === getAttributes
          ? numbers(0, isTop ? directory : link, 0o777)
          : procedure === lookUp
            ? Buffer.concat([numbers(0), opaque(Buffer.from('below'))])
            : Buffer.concat([numbers(0, 0), opaque(Buffer.from(target))])
      const reply = Buffer.concat([numbers(record.readUInt32BE(4), 1, 0, 0, 0, 0), result])
      socket.end(Buffer.concat([numbers((0x8000_0000 | reply.length) >>> 0), reply]))
    }),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { signal } = new AbortController()
  const where = { protocol: 'tcp', from: '127.0.0.1', server: '127.0.0.1', port, signal } as const
  return new NfsTree(where, Buffer.from('top!'))
}

test('links that lead round in a circle are nothing in the end', async () => {
  const tree = await treeOfLinks('/round')

  expect(await insideRoot((path) => tree.look(path), '/sbin/init')).toBeUndefined()
})

test('a link longer than any path is not followed', async () => {
  const tree = await treeOfLinks('x/'.repeat(3000))

  await expect(tree.look('/sbin')).rejects.toThrow('its tree has no end')
})

test('a tree without end is not walked for ever', async () => {
  const tree = await treeOfLinks('/round')
  const walk = async () => {
    for (let nth = 0; nth < 400; nth += 1) await tree.look('/')
  }

  await expect(walk()).rejects.toThrow('its tree has no end')
})
