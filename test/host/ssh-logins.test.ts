import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keyLogins } from '../../src/host/ssh-logins.ts'

let home = ''

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'pifarm-keys-'))
})

afterEach(() => {
  rmSync(home, { recursive: true })
})

function logins(keyFile?: string) {
  return keyLogins(() => ({}), {
    ...{ home, signal: new AbortController().signal, trust: async () => false },
    ...{ keyFlag: '--key', askPassword: undefined, ...(keyFile === undefined ? {} : { keyFile }) },
  })
}

test.each([
  ['a device that has no end', () => '/dev/zero'],
  [
    'a pipe that nobody writes to',
    () => {
      execFileSync('mkfifo', [join(home, 'pipe')])
      return join(home, 'pipe')
    },
  ],
  [
    'a link to such a thing',
    () => {
      symlinkSync('/dev/zero', join(home, 'link'))
      return join(home, 'link')
    },
  ],
  ['a directory', () => home],
  [
    'a file of a megabyte',
    () => {
      writeFileSync(join(home, 'big'), Buffer.alloc(1024 * 1024))
      return join(home, 'big')
    },
  ],
])('%s is refused as a key, at once', async (_, make) => {
  await expect(logins(make())).rejects.toMatchObject({
    name: 'UserError',
    message: expect.stringContaining('is no private key'),
  })
})

test('the usual keys are passed over where they are no such files', async () => {
  mkdirSync(join(home, '.ssh'))
  symlinkSync('/dev/zero', join(home, '.ssh/id_ed25519'))
  writeFileSync(join(home, '.ssh/id_rsa'), 'a key')
  expect(await logins()).toEqual([{ type: 'publickey', key: 'a key' }])
})
