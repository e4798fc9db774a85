import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { hostField, judgeHostKey, knownHostsLine, knownKeyTypes } from '../../src/host/trust.ts'

const pi = { host: 'pi.local', port: 22 }
const key = { name: 'pi.local', type: 'ssh-ed25519', base64: 'AAAAkey', fingerprint: 'SHA256:x' }

function hashed(name: string): string {
  const salt = Buffer.from('0123456789').toString('base64')
  const made = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64')
  return `|1|${salt}|${made}`
}

test.each([
  ['nobody has met it', [], 'new'],
  ['it is known', ['pi.local ssh-ed25519 AAAAkey'], 'known'],
  ['it is one of several names', ['10.77.0.60,pi.local ssh-ed25519 AAAAkey comment'], 'known'],
  ['it is known by a pattern', ['*.local ssh-ed25519 AAAAkey'], 'known'],
  ['a pattern leaves it out', ['*.local,!pi.local ssh-ed25519 AAAAkey'], 'new'],
  ['its name is hashed', [`${hashed('pi.local')} ssh-ed25519 AAAAkey`], 'known'],
  ['another name is hashed', [`${hashed('other')} ssh-ed25519 AAAAkey`], 'new'],
  ['its key was another', ['pi.local ssh-ed25519 AAAAother'], 'changed'],
  ['it has two keys', ['pi.local ssh-rsa AAAAother', 'pi.local ssh-ed25519 AAAAkey'], 'known'],
  [
    'its key is revoked',
    ['pi.local ssh-ed25519 AAAAkey', '@revoked * ssh-ed25519 AAAAkey'],
    'revoked',
  ],
  ['another port is known', ['[pi.local]:2222 ssh-ed25519 AAAAkey'], 'new'],
  ['a line is a comment', ['# pi.local ssh-ed25519 AAAAkey'], 'new'],
  ['a line is broken', ['pi.local', '|1|x', ''], 'new'],
])('a host key where %s', (_, lines, verdict) => {
  expect(judgeHostKey(lines, pi, key)).toBe(verdict)
})

test('what is remembered is known, by its port too', () => {
  for (const port of [22, 2222]) {
    const target = { host: '10.77.0.60', port }
    const line = knownHostsLine({ ...key, name: hostField(target) })
    expect(judgeHostKey([line], target, key)).toBe('known')
    expect(knownKeyTypes([line], target)).toEqual(['ssh-ed25519'])
  }
})
