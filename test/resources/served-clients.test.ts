import { expect, test } from 'vitest'
import { loadFarm } from '../../src/farm/load.ts'
import { servedClients } from '../../src/resources/exports/served-clients.ts'
import { fakeNas } from '../support/fake-nas.ts'

const farm = loadFarm(
  `nas: { address: 10.77.0.1, interface: eth0 }
network: { subnet: 10.77.0.0/24, addresses: 10.77.0.50-10.77.0.99 }
`,
  'farm.yaml',
)

test.each([
  ['/srv 192.168.1.5(ro)', ['192.168.1.5']],
  ['/srv 192.168.1.5/32(ro)', ['192.168.1.5']],
  ['/srv 192.168.1.0/24(rw) 192.168.1.0/255.255.255.0(ro)', ['192.168.1.0/24']],
  ['/srv *(ro)', ['10.77.0.0/24']],
  ['/srv tv.lan(ro)\n/srv2 @trusted(ro)', ['10.77.0.0/24']],
  ['# nothing\n', []],
])('%j is exported to %j', async (text, clients) => {
  expect(await servedClients(fakeNas({ '/etc/exports': text }), farm)).toEqual(clients)
})
