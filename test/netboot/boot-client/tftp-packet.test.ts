import { expect, test } from 'vitest'
import {
  decodeTftp,
  encodeAck,
  encodeError,
  encodeRrq,
} from '../../../src/netboot/boot-client/tftp-packet.ts'

test('requests are spelt as the standard has them', () => {
  expect(encodeRrq('a/b', { tsize: 0 }).toString('latin1')).toBe('\0\x01a/b\0octet\0tsize\x000\0')
  expect(encodeAck(65_535)).toEqual(Buffer.from([0, 4, 255, 255]))
  expect(encodeError(0, 'x')).toEqual(Buffer.from([0, 5, 0, 0, 0x78, 0]))
  expect(() => encodeRrq('a\0b', {})).toThrow(RangeError)
})

test.each([
  ['nothing', ''],
  ['half a code', '00'],
  ['a data packet without number', '0003'],
  ['a request', '0001612e6200'],
  ['options without an end', '00067473697a650030'],
  ['an option without value', '00067473697a6500'],
  ['an unknown code', '00ff0000'],
])('what no server has to send is not taken: %s', (_, hex) => {
  expect(decodeTftp(Buffer.from(hex, 'hex'))).toBeUndefined()
})

test('option names are told in lower case', () => {
  const reply = decodeTftp(Buffer.from('\0\x06TSize\x0012\0', 'latin1'))

  expect(reply).toEqual({ kind: 'oack', options: new Map([['tsize', '12']]) })
})

test('an error message is made fit to be shown', () => {
  const reply = decodeTftp(Buffer.from('\0\x05\0\x01no\u001b[2J\0rest', 'latin1'))

  expect(reply).toEqual({ kind: 'error', code: 1, message: '"no\\u001b[2J"' })
})
