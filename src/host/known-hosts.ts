import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodes, UserError } from '../errors.ts'
import { runCommand } from './commands.ts'

/** The keys that known_hosts has for a machine. */
export interface HostKeys {
  /** Each as base64. */
  readonly keys: readonly string[]
  readonly revoked: readonly string[]
  /** What to ask the server for, so that it shows a key of a kind that is known. Empty: anything. */
  readonly algorithms: readonly HostKeyAlgorithm[]
}

type HostKeyAlgorithm = (typeof algorithmsOf)[keyof typeof algorithmsOf][number]

const algorithmsOf = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
} as const

/** The user's known_hosts, as far as it is about one machine. */
export function knownHosts(home: string, target: { readonly host: string; readonly port: number }) {
  const file = join(home, '.ssh', 'known_hosts')
  const name = target.port === 22 ? target.host : `[${target.host}]:${target.port}`

  return {
    async known(): Promise<HostKeys> {
      if (!existsSync(file)) return { keys: [], revoked: [], algorithms: [] }
      // Names may be hashed, or patterns: ssh-keygen knows all the forms.
      const argv = ['ssh-keygen', '-F', name, '-f', file]
      const { stdout } = await runCommand(argv)
      const lines = stdout
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.split(/\s+/))
      const plain = lines.filter(([first]) => !first?.startsWith('@'))
      return {
        keys: plain.flatMap(([, , key]) => key ?? []),
        revoked: lines.flatMap(([mark, , , key]) => (mark === '@revoked' && key ? key : [])),
        algorithms: plain.flatMap(([, type]) => algorithmsFor(type)),
      }
    },

    /** Ends well when this key is known, or was not and is trusted now. Throws a `UserError` else. */
    async check(
      { keys, revoked }: HostKeys,
      key: Buffer,
      trust: (question: string) => Promise<boolean>,
    ): Promise<void> {
      const base64 = key.toString('base64')
      if (keys.includes(base64) && !revoked.includes(base64)) return
      const print = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
      if (keys.length > 0 || revoked.includes(base64))
        throw new UserError(`${name} shows another host key than known_hosts has: ${print}`, {
          hint: `if the machine was set up anew: ssh-keygen -R '${name}'`,
        })
      if (!(await trust(`${name} was never seen before. Is its key ${print}?`)))
        throw new UserError('the host key was not trusted', { exitCode: exitCodes.declined })
      mkdirSync(join(home, '.ssh'), { recursive: true, mode: 0o700 })
      appendFileSync(file, `${lineStart(file)}${name} ${typeOf(key)} ${base64}\n`, { mode: 0o600 })
    },
  }
}

function algorithmsFor(type: string | undefined): readonly HostKeyAlgorithm[] {
  for (const [known, names] of Object.entries(algorithmsOf)) if (known === type) return names
  return []
}

/** The last line of a file that a person edited may have no end. */
function lineStart(file: string): string {
  return existsSync(file) && /[^\n]$/.test(readFileSync(file, 'utf8')) ? '\n' : ''
}

/** The key's own name for its kind: a length of four bytes, then the text. */
function typeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString('latin1')
}
