import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { listenForPis } from '../../src/netboot/dhcp-listener.ts'

test('a time to listen that was over before it began is no error, and holds no port', async () => {
  const other = createSocket('udp4').bind(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address()
  other.close()
  await once(other, 'close')
  expect(await listenForPis(AbortSignal.abort(), () => new Date(), port)).toBeUndefined()
  // Without reuseAddr, so that a socket left open would be in the way.
  const again = createSocket('udp4').bind(port, '127.0.0.1')
  await once(again, 'listening')
  again.close()
})
