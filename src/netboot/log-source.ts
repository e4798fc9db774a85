import { posix } from 'node:path'
import { quoted, UserError } from '../errors.ts'
import type { Reader } from '../host/host.ts'

/** Where the daemons' lines are found on this NAS. */
export type LogSource =
  | { readonly kind: 'journal' }
  | { readonly kind: 'file'; readonly path: string }

const programs = ['in.tftpd', 'tftpd', 'atftpd', 'dnsmasq-tftp', 'dhcpd', 'dnsmasq-dhcp']
/** Bytes of a line of a TFTP or DHCP server, rather more than less. */
const usualLine = 200
/** Debian 12 no longer writes daemon.log; Debian 11 and earlier write both. */
const usualFiles = ['/var/log/syslog', '/var/log/daemon.log']

/**
 * Decides what to follow: the file set as `services.log.file`, else the journal, else the usual
 * files. UserError where there is none.
 */
export async function findLogSource(nas: Reader, file: string | undefined): Promise<LogSource> {
  if (file !== undefined) {
    if (await isThere(nas, file)) return { kind: 'file', path: file }
    throw new UserError(`there is no log file ${quoted(file)}`, {
      hint: 'correct it: --log, or services.log.file in farm.yaml; left out, the journal is read',
    })
  }
  if (await hasJournal(nas)) return { kind: 'journal' }
  for (const path of usualFiles) {
    if (await isThere(nas, path)) return { kind: 'file', path }
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
export function pastArgv(source: LogSource, lines: number | 'all'): readonly string[] {
  if (source.kind === 'journal') return ['journalctl', '-q', ...journalFlags(['-n', String(lines)])]
  return ['tail', '-n', tailCount(lines), source.path]
}

function journalFlags(which: readonly string[]): readonly string[] {
  return ['-o', 'json', ...which, ...programs.flatMap((name) => ['-t', name])]
}

function tailCount(lines: number | 'all'): string {
  return lines === 'all' ? '+0' : String(lines)
}

/** The directory is asked, since reading a log of gigabytes would only be to see that it is there. */
async function isThere(nas: Reader, path: string): Promise<boolean> {
  const kind = (await nas.list(posix.dirname(path)))?.get(posix.basename(path))
  return kind !== undefined && kind !== 'dir'
}

async function hasJournal(nas: Reader): Promise<boolean> {
  const { code, stdout } = await nas.ask(['journalctl', '-q', '-n', '1', '-o', 'json'])
  return code === 0 && stdout.trim() !== ''
}
