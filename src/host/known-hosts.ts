import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import type { HostKey, SshOptions, SshTarget } from './remote.ts'
import { hostField, judgeHostKey, knownHostsLine, knownKeyTypes } from './trust.ts'

type HostKeyAlgorithm = (typeof algorithmsOf)[keyof typeof algorithmsOf][number]

/** The signatures that a key of each type can make: the old name of RSA stands for newer hashes. */
const algorithmsOf = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
} as const

/** The known_hosts files, as far as they are about one machine. */
export function knownHosts(
  { home, hostsFile }: Pick<SshOptions, 'home' | 'hostsFile'>,
  target: SshTarget,
) {
  const own = join(home, '.ssh', 'known_hosts')
  const files = [...(hostsFile === undefined ? [] : [hostsFile]), own, '/etc/ssh/ssh_known_hosts']
  const name = hostField(target)
  const all = () => files.flatMap(linesOf)
  return {
    /** What to ask the server for, so that it shows a key of a kind that is known. Empty: anything. */
    algorithms: (): readonly HostKeyAlgorithm[] =>
      knownKeyTypes(all(), target).flatMap((type) => algorithmsFor(type)),

    /** Ends well when this key is known, or was not and is trusted now. Throws a `UserError` else. */
    async check(
      blob: Buffer,
      trust: (key: HostKey) => Promise<boolean | undefined>,
    ): Promise<void> {
      const key = hostKey(name, blob)
      const verdict = judgeHostKey(all(), target, key)
      if (verdict === 'known') return
      if (verdict === 'revoked')
        throw new UserError(`the host key of ${name} is revoked: ${key.fingerprint}`)
      if (verdict === 'changed') {
        const isIn = (file: string) => judgeHostKey(linesOf(file), target, key) === 'changed'
        const where = files.find(isIn) ?? own
        throw new UserError(
          `${name} shows another host key than known_hosts has: ${key.fingerprint}`,
          {
            hint: `if the machine was set up anew: ssh-keygen -R '${name}'${where === own ? '' : ` -f '${where}'`}`,
          },
        )
      }
      if (!(await trust(key)))
        throw new UserError(`the host key of ${name} was not trusted`, {
          exitCode: exitCodes.declined,
        })
      remember(hostsFile ?? own, knownHostsLine(key))
    },
  }
}

function hostKey(name: string, blob: Buffer): HostKey {
  const sum = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')
  return {
    name,
    // The key's own name for its kind: a length of four bytes, then the text.
    type: blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)),
    base64: blob.toString('base64'),
    fingerprint: `SHA256:${sum}`,
  }
}

function linesOf(file: string): readonly string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
}

function remember(file: string, line: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // The last line of a file that a person edited may have no end.
  const start = existsSync(file) && /[^\n]$/.test(readFileSync(file, 'utf8')) ? '\n' : ''
  appendFileSync(file, `${start}${line}\n`, { mode: 0o600 })
}

function algorithmsFor(type: string): readonly HostKeyAlgorithm[] {
  return Object.hasOwn(algorithmsOf, type) ? algorithmsOf[type as keyof typeof algorithmsOf] : []
}
