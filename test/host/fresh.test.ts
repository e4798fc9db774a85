import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { realFresh } from '../../src/host/fresh.ts'

let dir: string
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'pifarm-fresh-'))
})
afterAll(() => rmSync(dir, { recursive: true }))

test.each(['ed25519', 'ecdsa'] as const)(
  'ssh-keygen reads a fresh %s key and finds the same public half in it',
  async (type) => {
    const { privateKey, publicKey } = await realFresh().hostKey(type, 'root@HLSPi1')
    const path = join(dir, type)
    writeFileSync(path, privateKey, { mode: 0o600 })
    writeFileSync(`${path}.pub`, `${publicKey}\n`)
    expect(execFileSync('ssh-keygen', ['-y', '-f', path], { encoding: 'utf8' })).toBe(
      `${publicKey}\n`,
    )
    const fingerprint = execFileSync('ssh-keygen', ['-lf', `${path}.pub`], { encoding: 'utf8' })
    expect(fingerprint).toMatch(/^256 SHA256:\S+ root@HLSPi1 \((?:ED25519|ECDSA)\)\n$/)
  },
)

test('a machine id is 32 lower-case hex digits, and each is another', () => {
  const fresh = realFresh()
  expect(fresh.machineId()).toMatch(/^[0-9a-f]{32}$/)
  expect(fresh.machineId()).not.toBe(fresh.machineId())
})
