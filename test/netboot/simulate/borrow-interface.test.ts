import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { borrowInterface } from '../../../src/netboot/simulate/borrow-interface.ts'
import { fakeNas, output } from '../../support/fake-nas.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const lent = 'ip addr replace 10.77.0.50/24 dev eth0 valid_lft 30 preferred_lft 30'

/** A machine whose interface shows these addresses, and where nobody answers a ping. */
function machine(shown = '') {
  return fakeNas({}, { ask: ([program]) => (program === 'ping' ? output('', 1) : output(shown)) })
}

function ran(nas: ReturnType<typeof machine>): string[] {
  return nas.ran.map((argv) => argv.join(' '))
}

test('a borrowed address is renewed while it is used, and no longer', async () => {
  const nas = machine()
  const { useAddress, giveBack } = await borrowInterface(nas, 'eth0')
  await useAddress('10.77.0.50', '255.255.255.0')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(ran(nas).filter((line) => line === lent).length).toBeGreaterThanOrEqual(60 / 30)
  await giveBack()
  const before = ran(nas).length
  await vi.advanceTimersByTimeAsync(60_000)

  expect(ran(nas).slice(before)).toEqual([])
  expect(ran(nas).slice(-2)).toEqual([
    'ip addr del 10.77.0.50/24 dev eth0',
    'ip route del 255.255.255.255/32 dev eth0 scope link proto 177',
  ])
})

test.each([
  ['a killed run left it', 'dynamic eth0\\       valid_lft 21sec preferred_lft 21sec', true],
  ['the machine has it for good', 'eth0\\       valid_lft forever preferred_lft forever', false],
  [
    'the machine has a lease',
    'dynamic eth0\\       valid_lft 3599sec preferred_lft 3599sec',
    false,
  ],
])('an address that is there already: %s', async (_, terms, isTaken) => {
  const nas = machine(`2: eth0    inet 10.77.0.50/24 scope global ${terms}\n`)
  const { useAddress } = await borrowInterface(nas, 'eth0')
  const using = useAddress('10.77.0.50', '255.255.255.0')

  if (isTaken) await using
  else await expect(using).rejects.toThrow("10.77.0.50 is this machine's own address, on eth0")
  expect(ran(nas).includes(lent)).toBe(isTaken)
})
