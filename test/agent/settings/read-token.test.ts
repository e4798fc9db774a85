import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readToken } from '../../../src/agent/settings/read-token.ts'
import { scratchDir } from '../mux/mux-here.ts'

const secret = 'abcdefghijklmnopqrstuvwxyz012345'

async function tokenFile(text: string, mode: number): Promise<string> {
  const path = join(await scratchDir(), 'token')
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

test('the token is one line', async () => {
  expect(await readToken(await tokenFile(`${secret}\n`, 0o600))).toBe(secret)
})

test.each([0o640, 0o604, 0o644, 0o620])('with mode %o it is refused', async (mode) => {
  const path = await tokenFile(secret, mode)
  await expect(readToken(path)).rejects.toThrow(`${path} has mode ${mode.toString(8)}`)
})

test.each(['', 'short', `${secret} ${secret}`, `${secret}\r\nX-Other: 1`, 'ü'.repeat(32)])(
  '%j is no token, and no message holds it',
  async (text) => {
    const error = await readToken(await tokenFile(text, 0o600)).catch((reason: Error) => reason)
    expect(error).toMatchObject({ message: expect.stringContaining('holds no token') })
    expect(JSON.stringify(error)).not.toContain(secret)
  },
)

test('where there is none, it says how to make one', async () => {
  await expect(readToken('/nowhere/token')).rejects.toMatchObject({
    message: 'the token file /nowhere/token is not there',
    hint: expect.stringContaining('install -m 600'),
  })
})
