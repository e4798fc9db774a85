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

test('what is one too many is called what it is, whatever else came from that address', () => {
  const wrong = wrongTokens()
  for (let times = 1; times <= 20; times++) wrong('192.0.2.1', '')
  const { message } = wrong('192.0.2.1', 'sign in again', 'session')
  expect(message).toBe('this session is not known, like too many before it from this address')
})
