import { expect, test } from 'vitest'
import { wrongTokens } from '../../src/controller/api/wrong-tokens.ts'

test('wrong tokens are counted for a whole /64, which is one subscriber', () => {
  const wrong = wrongTokens()
  const guess = (address: string) => wrong(address, '').status
  for (let host = 1; host <= 20; host++) expect(guess(`2001:db8:0:1::${host}`)).toBe(401)
  expect(guess('2001:db8:0:1:aaaa::1')).toBe(429)
  expect(guess('2001:db8:0:2::1')).toBe(401)
  for (let times = 1; times <= 20; times++) guess('::ffff:192.0.2.1')
  expect(guess('192.0.2.1')).toBe(429)
  expect(guess('192.0.2.2')).toBe(401)
})
