import { createHmac } from 'node:crypto'
import type { HostKey, SshTarget } from './remote.ts'

export type Verdict =
  /** This very key is known for the host. */
  | 'known'
  /** Another key of the same type is known: it may be somebody else. */
  | 'changed'
  | 'revoked'
  /** Nobody has met this host. */
  | 'new'

/** Judges a host key by the lines of known_hosts files (sshd(8)), hashed names included. */
export function judgeHostKey(
  lines: readonly string[],
  target: Pick<SshTarget, 'host' | 'port'>,
  key: Pick<HostKey, 'type' | 'base64'>,
): Verdict {
  const entries = lines.flatMap((line) => parse(line, hostField(target)) ?? [])
  const sameKey = entries.filter(({ base64 }) => base64 === key.base64)
  if (sameKey.some(({ marker }) => marker === '@revoked')) return 'revoked'
  if (sameKey.some(({ marker }) => marker === undefined)) return 'known'
  const isOther = entries.some(({ marker }) => marker === undefined)
  return isOther ? 'changed' : 'new'
}

/** The line that remembers a host. */
export function knownHostsLine({ name, type, base64 }: HostKey): string {
  return `${name} ${type} ${base64}`
}

/** The key types that are known for a host: a server is asked for one of these, or it would seem new. */
export function knownKeyTypes(
  lines: readonly string[],
  target: Pick<SshTarget, 'host' | 'port'>,
): readonly string[] {
  return lines.flatMap((line) => {
    const known = parse(line, hostField(target))
    return known === undefined || known.marker !== undefined ? [] : known.type
  })
}

/** A machine as known_hosts names it. */
export function hostField({ host, port }: Pick<SshTarget, 'host' | 'port'>): string {
  return port === 22 ? host : `[${host}]:${port}`
}

interface Known {
  readonly marker: string | undefined
  readonly type: string
  readonly base64: string
}

function parse(line: string, wanted: string): Known | undefined {
  const words = line.trim().split(/\s+/)
  const marker = words[0]?.startsWith('@') ? words.shift() : undefined
  const [names, type, base64] = words
  if (names === undefined || names.startsWith('#') || !type || !base64) return undefined
  return matches(names, wanted) ? { marker, type, base64 } : undefined
}

function matches(names: string, wanted: string): boolean {
  const [, version, salt, hash] = names.split('|')
  if (version === '1' && salt !== undefined && hash !== undefined) {
    const made = createHmac('sha1', Buffer.from(salt, 'base64')).update(wanted).digest('base64')
    return made === hash
  }
  const patterns = names.split(',')
  if (patterns.some((name) => name.startsWith('!') && glob(name.slice(1), wanted))) return false
  return patterns.some((name) => glob(name, wanted))
}

function glob(pattern: string, text: string): boolean {
  const source = pattern
    .toLowerCase()
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`).test(text.toLowerCase())
}
