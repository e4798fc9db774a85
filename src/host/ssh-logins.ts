import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyAuthMethod, AuthenticationType, OpenSSHAgent } from 'ssh2'
import { quoted, UserError } from '../errors.ts'
import type { SshOptions, SshTarget } from './remote.ts'

type Login =
  | { readonly type: 'publickey'; readonly key: string; readonly passphrase?: string }
  | { readonly type: 'agent'; readonly agent: OpenSSHAgent }

const passwordTries = 3
const largestKey = 64 * 1024

/** Answers, each time the server wants another login, with the next one; false when there is none. */
export function loginsInTurn(
  { user, host }: SshTarget,
  keys: readonly Login[],
  remembered: { password?: string },
  ask: (question: string) => Promise<string | undefined>,
) {
  const untried = [...keys]
  let tries = 0
  return async (left: readonly AuthenticationType[] | null): Promise<AnyAuthMethod | false> => {
    const key = untried.shift()
    if (key !== undefined) return { ...key, username: user }
    // The first call comes before the server has said what it takes.
    if (left !== null && !left.includes('password')) return false
    if (remembered.password === undefined || tries > 0) {
      if (tries === passwordTries) return false
      const wrong = tries > 0 ? 'That was not it. ' : ''
      const password = await ask(`${wrong}Password of ${user}@${host}:`)
      if (password === undefined) return false
      remembered.password = password
    }
    tries += 1
    return { type: 'password', username: user, password: remembered.password }
  }
}

/** The logins with the key that was named, or the usual ones. */
export async function keyLogins(
  parseKey: (text: string, passphrase?: string) => unknown,
  { home, keyFile, askPassword }: SshOptions,
): Promise<readonly Login[]> {
  const usual = ['id_ed25519', 'id_ecdsa', 'id_rsa'].map((name) => join(home, '.ssh', name))
  const logins: Login[] = []
  for (const file of keyFile === undefined ? usual : [keyFile]) {
    const key = keyIn(file, keyFile !== undefined)
    if (key === undefined) continue
    if (!(parseKey(key) instanceof Error)) logins.push({ type: 'publickey', key })
    else if (keyFile !== undefined) {
      const passphrase = await askPassword?.(`Passphrase of ${keyFile}:`)
      if (passphrase === undefined || parseKey(key, passphrase) instanceof Error)
        throw new UserError(`${quoted(file)} is no key that can be used as it is`, {
          hint: 'one with a passphrase goes into the agent: ssh-add',
        })
      logins.push({ type: 'publickey', key, passphrase })
    }
  }
  return logins
}

function keyIn(file: string, mustBeThere: boolean): string | undefined {
  try {
    const stat = statSync(file)
    // A device may have no end, and a pipe no beginning.
    if (stat.isFile() && stat.size <= largestKey) return readFileSync(file, 'utf8')
  } catch (cause) {
    if (!mustBeThere) return undefined
    throw new UserError(`cannot read the key ${quoted(file)}`, { cause })
  }
  if (!mustBeThere) return undefined
  throw new UserError(`${quoted(file)} is no private key`, {
    hint: 'a key is a file of a few kilobytes, such as ~/.ssh/id_ed25519',
  })
}
