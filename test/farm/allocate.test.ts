import { describe, expect, test } from 'vitest'
import { nextAddress, nextMuxid, nextName } from '../../src/farm/allocate.ts'
import { loadFarm } from '../../src/farm/load.ts'

function farm(names: readonly string[], addresses = '10.77.0.10-10.77.0.12', last = 10) {
  const pis = names.map(
    (name, n) =>
      `  - {name: ${name}, mac: "b8:27:eb:00:00:0${n}", address: 10.77.0.${last + n}, muxid: ${n + 1}}\n`,
  )
  return loadFarm(
    `nas: {address: 10.77.0.1, interface: e}
network: {subnet: 10.77.0.0/24, gateway: 10.77.0.2, addresses: ${addresses}}
pis:\n${pis.join('')}`,
    'farm.yaml',
  )
}
const none = new Set<string>()
const free = () => undefined

describe('the next address', () => {
  test('is the first of the range in an empty farm', () => {
    expect(nextAddress(farm([]), none, free)).toBe('10.77.0.10')
  })
  test('is the lowest that no Pi has, gaps first', () => {
    expect(nextAddress(farm(['A', 'B']), none, free)).toBe('10.77.0.12')
    expect(nextAddress(farm(['A'], '10.77.0.9-10.77.0.12'), none, free)).toBe('10.77.0.9')
  })
  test('leaves out what others have and what is handed out dynamically', () => {
    const dynamic = (address: string) => (address === '10.77.0.11' ? 'dhcpd.conf:3' : undefined)
    expect(nextAddress(farm([]), new Set(['10.77.0.10']), dynamic)).toBe('10.77.0.12')
  })
  test('leaves out the NAS and the gateway', () => {
    expect(nextAddress(farm([], '10.77.0.1-10.77.0.4'), none, free)).toBe('10.77.0.3')
  })
  test('names the range when there is none', () => {
    expect(() => nextAddress(farm(['A', 'B', 'C']), none, free)).toThrow(
      'no address is free in 10.77.0.10-10.77.0.12',
    )
  })
})

test('the next muxid is the lowest free one', () => {
  expect(nextMuxid(farm([]))).toBe(1)
  expect(nextMuxid(farm(['A', 'B']))).toBe(3)
})

test.each([
  [[], 'HLSPi1'],
  [['HLSPi1', 'HLSPi2'], 'HLSPi3'],
  [['HLSPi2'], 'HLSPi1'],
  [['hlspi1'], 'hlspi2'],
  [['node01', 'node02'], 'node03'],
  [['node09', 'node10'].map((name) => name), 'node01'],
  [['kitchen'], 'HLSPi1'],
  [['HLSPi1', 'lab-1'], 'lab-2'],
])('after %j comes %s', (names, next) => {
  expect(nextName(farm(names))).toBe(next)
})
