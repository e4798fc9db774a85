import { expect, test } from 'vitest'
import { mac, serial } from '../../src/farm/schema.ts'
import { agree, isDerived, isDoubtfulPair } from '../../src/netboot/serial-and-mac.ts'

test.each([
  // Pairs that people with real boards have published.
  ['b8:27:eb:6c:4c:16', 'b66c4c16', true],
  ['b8:27:eb:77:df:95', '1077df95', true],
  ['b8:27:eb:ef:56:44', 'a2ef5644', true],
  ['b8:27:eb:33:34:7a', '3333347a', true],
  ['b8:27:eb:33:34:7a', '000000007333347A', true],
  ['b8:27:eb:33:34:7a', '3333347b', false],
  ['b8:27:eb:33:34:7a', '33347a33', false],
])('%s and %s agree: %s', (address, digits, expected) => {
  expect(agree(mac.parse(address), serial.parse(digits))).toBe(expected)
})

test('only up to the Pi 3 a pair that does not agree is doubtful', () => {
  const pair = [mac.parse('b8:27:eb:33:34:7a'), serial.parse('deadbeef')] as const

  expect(isDoubtfulPair('3b', ...pair)).toBe(true)
  expect(isDoubtfulPair('3b+', ...pair)).toBe(true)
  expect(isDoubtfulPair('4', ...pair)).toBe(false)
  expect(isDoubtfulPair('5', ...pair)).toBe(false)
  expect(isDoubtfulPair('3b', pair[0], serial.parse('0033347a'))).toBe(false)
})

test('the vendor digits tell which MACs are made from a serial', () => {
  expect(isDerived(mac.parse('B8-27-EB-00-00-01'))).toBe(true)
  expect(isDerived(mac.parse('dc:a6:32:01:36:c2'))).toBe(false)
})
