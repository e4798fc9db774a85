import { posix } from 'node:path'
import { quoted, UserError } from '../errors.ts'
import type { Entry, Reader } from '../host/host.ts'

/** Where the daemons' lines are found on this NAS. */
export type LogSource =
  | { readonly kind: 'journal' }
  | { readonly kind: 'file'; readonly path: string }

const programs = ['in.tftpd', 'tftpd', 'atftpd', 'dnsmasq-tftp', 'dhcpd', 'dnsmasq-dhcp']
/** Bytes of a line of a TFTP or DHCP server, rather more than less. */
const usualLine = 200
/** Debian 12 no longer writes daemon.log; Debian 11 and earlier write both. */
const usualFiles = ['/var/log/syslog', '/var/log/daemon.log']

const kindNames = { dir: 'directory', link: 'link', other: 'pipe or a device' } as const
const unpackers: Readonly<Record<string, string>> = {
  '.gz': 'zcat',
  '.xz': 'xzcat',
  '.bz2': 'bzcat',
  '.zst': 'zstdcat',
}

/**
 * Decides what to follow: the file set as `services.log.file`, else the journal, else the usual
 * files. UserError where there is none.
 */
export async function findLogSource(nas: Reader, file: string | undefined): Promise<LogSource> {
  if (file !== undefined) {
    await mustBeLog(nas, file)
    return { kind: 'file', path: file }
  }
  if (await hasJournal(nas)) return { kind: 'journal' }
  for (const path of usualFiles) {
    if ((await kindAt(nas, path)) === 'file') return { kind: 'file', path }
  }
  throw new UserError(`no log to read: neither a journal nor ${usualFiles.join(' nor ')}`, {
    hint: 'install rsyslog, or name the file that the TFTP and DHCP servers log to as services.log.file in farm.yaml',
  })
}

/**
 * Each line as it comes, after the last `lines` of those that are there. In a file these are as many
 * as fit into `lines` times 200 bytes.
 */
export function followLog(
  nas: Reader,
  source: LogSource,
  lines: number,
  signal: AbortSignal,
): AsyncIterable<string> {
  if (source.kind === 'file') return nas.followFile(source.path, lines * usualLine, signal)
  return nas.follow(['journalctl', '-f', ...journalFlags(['-n', String(lines)])], signal)
}

/**
 * Only what comes from now on. journalctl takes a moment until it is at the journal's end: what is
 * logged meanwhile would be missed with `-n 0`. It knows whole seconds.
 */
export function followNewLog(
  nas: Reader,
  source: LogSource,
  now: Date,
  signal: AbortSignal,
): AsyncIterable<string> {
  if (source.kind === 'file') return nas.followFile(source.path, 0, signal)
  const since = `--since=@${Math.floor(now.getTime() / 1000)}`
  return nas.follow(['journalctl', '-f', ...journalFlags(['--no-tail', since])], signal)
}

/** What a log was before it was rotated. */
export interface OlderLogs {
  /** The youngest first. */
  readonly plain: readonly string[]
  /** The youngest that nobody can read as it is; undefined where there is none. */
  readonly compressed: string | undefined
}

/** Finds `syslog.1`, `syslog.2` and so on, as logrotate leaves them beside `syslog`. */
export async function olderLogs(nas: Reader, path: string): Promise<OlderLogs> {
  const names = (await nas.list(posix.dirname(path))) ?? new Map()
  const plain: string[] = []
  for (;;) {
    const next = `${path}.${plain.length + 1}`
    const packed = Object.keys(unpackers).find((end) => names.has(posix.basename(next + end)))
    if (names.get(posix.basename(next)) === 'file') plain.push(next)
    else return { plain, compressed: packed && next + packed }
  }
}

/** What the journal holds since then, or all of it, oldest first. */
export function journalSince(
  nas: Reader,
  since: Date | undefined,
  signal: AbortSignal,
): AsyncIterable<string> {
  const from = since && [`--since=@${Math.floor(since.getTime() / 1000)}`]
  return nas.follow(['journalctl', '-q', ...journalFlags(from ?? [])], signal)
}

/** The command that prints the last `lines` lines and ends. */
export function pastArgv(source: LogSource, lines: number): readonly string[] {
  if (source.kind === 'journal') return ['journalctl', '-q', ...journalFlags(['-n', String(lines)])]
  return ['tail', '-n', String(lines), source.path]
}

function journalFlags(which: readonly string[]): readonly string[] {
  return ['-o', 'json', ...which, ...programs.flatMap((name) => ['-t', name])]
}

/** Throws a `UserError` unless it is a file of lines, which can be read from both ends. */
async function mustBeLog(nas: Reader, path: string): Promise<void> {
  const kind = await kindAt(nas, path)
  if (kind === undefined)
    throw new UserError(`there is no log file ${quoted(path)}`, {
      hint: 'correct it: --log, or services.log.file in farm.yaml; left out, the journal is read',
    })
  // A pipe lets whoever opens it wait for its writer, and a device may have no end.
  if (kind !== 'file')
    throw new UserError(`${quoted(path)} is no log file: it is a ${kindNames[kind]}`, {
      hint: 'write what comes out of it into a file, and name that',
    })
  const unpack = unpackers[posix.extname(path)]
  if (unpack !== undefined)
    throw new UserError(`${quoted(path)} is compressed`, {
      hint: `unpack it: ${unpack} FILE >/tmp/old.log; then: pifarm find-serial --log /tmp/old.log --since all`,
    })
}

/**
 * What is there, where a link leads to too. The directory is asked, since reading a log of
 * gigabytes would only be to see that it is there.
 */
async function kindAt(nas: Reader, path: string): Promise<Entry['kind'] | undefined> {
  const kind = (await nas.list(posix.dirname(path)))?.get(posix.basename(path))
  if (kind !== 'link') return kind
  const { code, stdout } = await nas.ask(['readlink', '-e', '--', path])
  const real = stdout.replace(/\n$/, '')
  return code === 0 ? (await nas.list(posix.dirname(real)))?.get(posix.basename(real)) : undefined
}

async function hasJournal(nas: Reader): Promise<boolean> {
  const { code, stdout } = await nas.ask(['journalctl', '-q', '-n', '1', '-o', 'json'])
  return code === 0 && stdout.trim() !== ''
}
