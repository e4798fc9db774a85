import { describe, expect, test } from 'vitest'
import { type Farm, makeFarm } from '../../src/farm/farm.ts'
import { farmSchema } from '../../src/farm/farm-schema.ts'
import type { Reader } from '../../src/host/host.ts'
import { nfsPorts } from '../../src/resources/nfs-ports.ts'
import type { Look } from '../../src/resources/resource.ts'
import { setOptions } from '../../src/resources/shell-variable.ts'
import { fakeNas, output } from '../support/fake-nas.ts'

const farm: Farm = makeFarm(
  'farm.yaml',
  farmSchema.parse({
    nas: { address: '10.77.0.1', interface: 'eth0' },
    network: { subnet: '10.77.0.0/24', addresses: '10.77.0.10-10.77.0.99' },
  }),
)
const planOf = (nas: Reader) => nfsPorts.plan({ farm, nas } as Look)
const release = (version: number) => ({
  '/etc/os-release': { kind: 'link', target: '../usr/lib/os-release' } as const,
  '/usr/lib/os-release': `VERSION_ID="${version}"\nID=debian\n`,
})

async function applied(tree: Parameters<typeof fakeNas>[0]) {
  const nas = fakeNas(tree)
  for (const change of (await planOf(nas)).changes)
    if (change.kind === 'put') await nas.put(change.path, change.after)
  return nas
}

test('Debian 12: one drop-in, then nothing to do', async () => {
  const nas = await applied({ ...release(12), '/etc/nfs.conf': '' })
  expect(await nas.read('/etc/nfs.conf.d/pifarm.conf')).toMatchObject({
    text: expect.stringMatching(/\[lockd\]\nport=33052\nudp-port=33052\n$/),
  })
  expect(await planOf(nas)).toMatchObject({ changes: [], reloads: [], probes: [], warnings: [] })
})

test('Debian 12: warns of later drop-ins and of options without effect', async () => {
  const plan = await planOf(
    fakeNas({
      ...release(13),
      '/etc/nfs.conf.d/local.conf': '[mountd]\nport=1\n',
      '/etc/nfs.conf.d/zz.conf': '# x\n[mountd]\nport = 2000\n[statd]\nport=33050\n',
      '/etc/default/nfs-kernel-server': '#RPCMOUNTDOPTS="--port 1"\nRPCMOUNTDOPTS="--port 33333"\n',
      '/etc/default/nfs-common': '#STATDOPTS="--port 1"\n',
    }),
  )
  expect(plan.warnings).toEqual([
    "/etc/nfs.conf.d/zz.conf:3: mountd.port=2000 overrides pifarm's 33049",
    '/etc/default/nfs-kernel-server: the ports in RPCMOUNTDOPTS have no effect since Debian 12',
  ])
})

test('Debian 11: three files, other words stay, then nothing to do', async () => {
  const nas = await applied({
    ...release(11),
    '/etc/default/nfs-kernel-server': '# x\nRPCMOUNTDOPTS="--manage-gids" # mine\nA=1',
    '/etc/default/nfs-common': 'STATDOPTS=\n',
    '/etc/modprobe.d/a.conf': '',
  })
  const texts = await Promise.all(
    ['default/nfs-kernel-server', 'default/nfs-common', 'modprobe.d/pifarm-nfs.conf'].map((path) =>
      nas.read(`/etc/${path}`),
    ),
  )
  expect(texts).toMatchObject([
    { text: '# x\nRPCMOUNTDOPTS="--manage-gids --port 33049" # mine\nA=1' },
    { text: 'STATDOPTS="--port 33050 --outgoing-port 33051"\n' },
    { text: expect.stringContaining('options lockd nlm_tcpport=33052 nlm_udpport=33052\n') },
  ])
  expect(await planOf(nas)).toMatchObject({ changes: [], reloads: [] })
})

describe('options in a shell variable', () => {
  const set = (text: string) =>
    setOptions(text, 'f', 'V', [{ long: '--port', short: '-p', value: 5 }])
  test.each([
    ['', 'V="--port 5"\n'],
    ['A=1', 'A=1\nV="--port 5"\n'],
    ['A=1\r\n', 'A=1\r\nV="--port 5"\r\n'],
    ['V="--port 4 -a"\n', 'V="-a --port 5"\n'],
    ["V='-p4 --x=1'\n", 'V="--x=1 --port 5"\n'],
    ['V="-p 4 --port=3"\r\nB=2', 'V="--port 5"\r\nB=2'],
    ['V=1\nV=-z\n', 'V=1\nV="-z --port 5"\n'],
    ['V="--port=5   -a"\n', 'V="--port=5   -a"\n'],
    ['export V=-p5\n', 'export V=-p5\n'],
    ['#V="--port 5"\n', '#V="--port 5"\nV="--port 5"\n'],
  ])('%j', (text, after) => {
    expect(set(text)).toBe(after)
    expect(set(after)).toBe(after)
  })
  test.each(['V="$OTHER --x"', 'V="a\nb"', 'V=a; rm x'])('refuses %j', (text) => {
    expect(() => set(`#\n${text}`)).toThrow('f:2: V is more than plain words')
  })
})

describe('the probe', () => {
  const good = ['100005 3 tcp 33049 mountd', '100024 1 udp 33050 status', '100003 3 tcp 2049 nfs']
  test.each([
    [good, undefined],
    [[...good, '100021 4 udp 60173 nlockmgr'], 'nlockmgr is at udp port 60173, not at 33052'],
    [['100005 1 tcp 5000 mountd', ...good], 'mountd is at tcp port 5000, not at 33049'],
  ])('%j', async (lines, wrong) => {
    const table = ['program vers proto port service', ...lines.map((line) => `   ${line}`)]
    const nas = fakeNas({}, { ask: () => output(`${table.join('\n')}\n`) })
    expect(await nfsPorts.probes(farm)[0]?.look(nas)).toBe(wrong)
  })
})
